package conf

import (
	"bufio"
	"fmt"
	"io"
)

// Print writes the configuration as a file that Load reads back, with a comment behind each value that tells where it
// came from. Secrets are masked: where one is set, its line is a comment.
func (c *Config) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	name := ""
	for _, k := range c.keys() {
		if k.Section != name {
			if name != "" {
				fmt.Fprintln(b)
			}
			name = k.Section
			fmt.Fprintf(b, "[%s]\n", name)
		}
		from := "default"
		if o, ok := c.origins[k.id()]; ok {
			from = o.shown
		}
		line := k.Name + " ="
		if value := k.text(); value != "" {
			line += " " + quoteValue(k.shown(value))
			if k.Secret {
				line = "; " + line
			}
		}
		fmt.Fprintf(b, "%-32s ; %s\n", line, from)
	}
	return b.Flush()
}
