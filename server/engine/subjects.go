package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// subjectNumber returns the number of a subject, which comes to exist if it does not (semantics 22).
func (d *draft) subjectNumber(key string) uint32 {
	if n, ok := d.next.find(key); ok {
		return n
	}
	s := protocol.NewSubject(strings.Clone(key))
	return d.addSubject(&s)
}

func (d *draft) addSubject(s *protocol.Subject) uint32 {
	n := d.next.count
	d.setSubject(n, s)
	d.next.count++
	d.next.keys = d.next.keys.insert(s.Key, n)
	return n
}

// setSubject puts a subject into the next root and the batch; s is the draft's from then on.
func (d *draft) setSubject(n uint32, s *protocol.Subject) {
	i := int(n >> chunkBits)
	if !d.ownSubjects {
		d.ownSubjects = true
		d.next.subjects = slices.Clone(d.next.subjects)
	}
	switch {
	case i == len(d.next.subjects):
		d.next.subjects = append(d.next.subjects, new(subjectChunk))
		d.ownChunks[i] = true
	case !d.ownChunks[i]:
		chunk := *d.next.subjects[i]
		d.next.subjects[i] = &chunk
		d.ownChunks[i] = true
	}
	if before := d.next.subjects[i][n&chunkMask].Subject; before != nil {
		d.next.people -= subjectBytes(before)
	}
	d.next.people += subjectBytes(s)
	d.next.subjects[i].put(int(n&chunkMask), s)
	d.touched[n] = true
	d.batch.PutSubject(s)
}

func (d *draft) putSubjects(p *protocol.PutSubjects) error {
	if err := checkSubjects(p); err != nil {
		return err
	}
	for i := range p.Subjects {
		u := &p.Subjects[i]
		n, ok := d.next.find(u.Key)
		if !ok {
			s := updated(protocol.NewSubject(strings.Clone(u.Key)), u)
			d.addSubject(&s)
			continue
		}
		if s := updated(*d.next.subject(n), u); !sameSubject(&s, d.next.subject(n)) {
			d.setSubject(n, &s)
		}
	}
	return nil
}

// updated returns s with the attributes that u sets; texts are cloned.
func updated(s protocol.Subject, u *protocol.SubjectUpdate) protocol.Subject {
	set := func(field protocol.SubjectField, dst *string, text string) {
		if u.Set&field != 0 {
			*dst = strings.Clone(text)
		}
	}
	set(protocol.FieldName, &s.Name, u.Name)
	set(protocol.FieldStatus, &s.Status, u.Status)
	set(protocol.FieldListingDate, &s.ListingDate, u.ListingDate)
	set(protocol.FieldCategory, &s.Category, u.Category)
	if u.Set&protocol.FieldTopics != 0 {
		s.Topics = cloneSorted(u.Topics)
	}
	if u.Set&protocol.FieldTags != 0 {
		s.Tags = replaceKinds(s.Tags, u.Tags)
	}
	return s
}

// cloneSorted returns the distinct texts in byte order.
func cloneSorted(texts []string) []string {
	out := make([]string, 0, len(texts))
	for _, t := range texts {
		out = append(out, strings.Clone(t))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// replaceKinds returns tags with those of each kind in update replaced; an empty text only removes its kind.
func replaceKinds(tags, update []protocol.Tag) []protocol.Tag {
	mentioned := make(map[string]bool, len(update))
	for _, t := range update {
		mentioned[t.Kind] = true
	}
	var out []protocol.Tag
	for _, t := range tags {
		if !mentioned[t.Kind] {
			out = append(out, t)
		}
	}
	for _, t := range update {
		if t.Text != "" {
			out = append(out, protocol.Tag{Kind: strings.Clone(t.Kind), Text: strings.Clone(t.Text)})
		}
	}
	slices.SortFunc(out, func(a, b protocol.Tag) int {
		if c := strings.Compare(a.Kind, b.Kind); c != 0 {
			return c
		}
		return strings.Compare(a.Text, b.Text)
	})
	return slices.Compact(out)
}

func sameSubject(a, b *protocol.Subject) bool {
	return a.Name == b.Name && a.Status == b.Status && a.ListingDate == b.ListingDate && a.Category == b.Category &&
		slices.Equal(a.Topics, b.Topics) && slices.Equal(a.Tags, b.Tags)
}

// finishSubjects brings the lists in key order up to date: all subjects, and those of each topic that changed.
func (d *draft) finishSubjects() {
	var added []uint32
	joined, left := map[string][]uint32{}, map[string][]uint32{}
	for n := range d.touched {
		var before []string
		if n < d.base.count {
			before = d.base.subject(n).Topics
		} else {
			added = append(added, n)
		}
		after := d.next.subject(n).Topics
		for _, t := range after {
			if !slices.Contains(before, t) {
				joined[t] = append(joined[t], n)
			}
		}
		for _, t := range before {
			if !slices.Contains(after, t) {
				left[t] = append(left[t], n)
			}
		}
	}
	if len(added) > 0 {
		d.next.all = d.next.all.with(added, d.next.keyOf)
	}
	if len(joined)+len(left) > 0 {
		d.next.topics = changeTopics(d.next.topics, joined, left, d.next.keyOf)
	}
}

// changeTopics returns topics with members joined and left; a topic without members is gone.
func changeTopics(topics map[string]members, joined, left map[string][]uint32, key func(uint32) string) map[string]members {
	out := maps.Clone(topics)
	if out == nil {
		out = map[string]members{}
	}
	for t, numbers := range left {
		if out[t] = out[t].without(numbers); len(out[t]) == 0 {
			delete(out, t)
		}
	}
	for t, numbers := range joined {
		out[t] = out[t].with(numbers, key)
	}
	return out
}
