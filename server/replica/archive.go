package replica

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// A snapshot travels as an archive of the files of one directory:
//
//	"KAMASNAP" version:1
//	for each file: name length:1 (not 0), name, size:8, bytes, CRC-32C of name, size and bytes:4
//	0 number of files:4, CRC-32C of this number:4
//
// All numbers are big-endian. Whoever reads holds every length against a limit first and every checksum before the files
// count for anything.
const (
	archiveMagic   = "KAMASNAP"
	archiveVersion = 1

	// Limits of an archive.
	maxArchiveFiles = 1 << 20
	maxArchiveFile  = 1 << 40 // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// writeArchive writes the files of dir, which must hold nothing but files, to w.
func writeArchive(w io.Writer, dir string) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<20)
	if _, err := out.WriteString(archiveMagic + string(rune(archiveVersion))); err != nil {
		return err
	}
	for _, name := range names {
		if err := writeFile(out, dir, name.Name()); err != nil {
			return fmt.Errorf("archive %s: %w", name.Name(), err)
		}
	}
	count := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(names)))
	count = binary.BigEndian.AppendUint32(count, crc32.Checksum(count[1:], castagnoli))
	if _, err := out.Write(count); err != nil {
		return err
	}
	return out.Flush()
}

func writeFile(out *bufio.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || !plainName(name) {
		return fmt.Errorf("%w: not a file that can be in a snapshot", ErrDamagedSnapshot)
	}
	sum := crc32.New(castagnoli)
	both := io.MultiWriter(out, sum)
	head := append([]byte{byte(len(name))}, name...)
	if _, err := both.Write(binary.BigEndian.AppendUint64(head, uint64(info.Size()))); err != nil {
		return err
	}
	if n, err := io.Copy(both, io.LimitReader(f, info.Size())); err != nil || n != info.Size() {
		return errors.Join(err, fmt.Errorf("%d of %d bytes", n, info.Size()))
	}
	_, err = out.Write(sum.Sum(nil))
	return err
}

// plainName tells whether a name is that of a file in a directory, whatever a peer says.
func plainName(name string) bool {
	return name != "" && len(name) <= 255 && name != "." && name != ".." && filepath.Base(name) == name &&
		!bytes.ContainsAny([]byte(name), "/\\\x00")
}

// readArchive writes the files of an archive into dir, which must be empty, and syncs them. Every error that is one of the
// archive wraps ErrDamagedSnapshot; what lies in dir then is of no use.
func readArchive(r io.Reader, dir string) error {
	in := bufio.NewReaderSize(r, 1<<20)
	magic := make([]byte, len(archiveMagic)+1)
	if err := full(in, magic); err != nil {
		return err
	}
	if string(magic[:len(archiveMagic)]) != archiveMagic || magic[len(archiveMagic)] != archiveVersion {
		return fmt.Errorf("%w: it begins with %q: another program's, or a newer version's", ErrDamagedSnapshot, magic)
	}
	for files := uint32(0); ; files++ {
		length, err := in.ReadByte()
		if err != nil {
			return cut(err)
		}
		if length == 0 {
			return readEnd(in, files)
		}
		if files == maxArchiveFiles {
			return fmt.Errorf("%w: more than %d files", ErrDamagedSnapshot, maxArchiveFiles)
		}
		if err := readFile(in, dir, length); err != nil {
			return err
		}
	}
}

// readEnd checks what stands behind the last file.
func readEnd(in *bufio.Reader, files uint32) error {
	end := make([]byte, 8)
	if err := full(in, end); err != nil {
		return err
	}
	if crc32.Checksum(end[:4], castagnoli) != binary.BigEndian.Uint32(end[4:]) || binary.BigEndian.Uint32(end) != files {
		return fmt.Errorf("%w: it does not end as it should after %d files", ErrDamagedSnapshot, files)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: there are bytes behind its end", ErrDamagedSnapshot)
	}
	return nil
}

// readFile reads one file, whose name has that length.
func readFile(in *bufio.Reader, dir string, length byte) error {
	head := make([]byte, 1+int(length)+8)
	head[0] = length
	if err := full(in, head[1:]); err != nil {
		return err
	}
	name, size := string(head[1:1+length]), binary.BigEndian.Uint64(head[1+length:])
	if !plainName(name) || size > maxArchiveFile {
		return fmt.Errorf("%w: a file %q of %d bytes", ErrDamagedSnapshot, name, size)
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: file %q is there twice", ErrDamagedSnapshot, name)
	}
	if err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	sum.Write(head)
	err = copyFile(f, in, int64(size), sum)
	return errors.Join(err, f.Close())
}

func copyFile(f *os.File, in *bufio.Reader, size int64, sum hash.Hash32) error {
	n, err := io.CopyN(io.MultiWriter(f, sum), in, size)
	if err != nil && n < size && errors.Is(err, io.EOF) {
		return cut(err)
	}
	if err != nil {
		return err
	}
	want := make([]byte, 4)
	if err := full(in, want); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(want) != sum.Sum32() {
		return fmt.Errorf("%w: file %s has another checksum than was written", ErrDamagedSnapshot, filepath.Base(f.Name()))
	}
	return f.Sync()
}

// full reads all of b.
func full(in io.Reader, b []byte) error {
	_, err := io.ReadFull(in, b)
	return cut(err)
}

// cut names the end of the bytes where more should come.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut short", ErrDamagedSnapshot)
	}
	return err
}
