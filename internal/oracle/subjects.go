package oracle

import (
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// update checks the attributes that a subject update sets.
func (c *check) update(u *protocol.SubjectUpdate) {
	c.name("subject", u.Key)
	c.badIf(u.Set&^protocol.AllSubjectFields != 0, "unknown subject fields %b", u.Set)
	texts := []struct {
		field protocol.SubjectField
		what  string
		text  string
	}{
		{protocol.FieldName, "name", u.Name},
		{protocol.FieldStatus, "status", u.Status},
		{protocol.FieldListingDate, "listing date", u.ListingDate},
		{protocol.FieldCategory, "category", u.Category},
	}
	for _, t := range texts {
		if u.Set&t.field != 0 {
			c.text(t.what, t.text)
		}
	}
	if u.Set&protocol.FieldTopics != 0 {
		for _, topic := range u.Topics {
			c.topic(topic)
		}
	}
	if u.Set&protocol.FieldTags != 0 {
		for _, tag := range u.Tags {
			c.tag(tag)
		}
	}
}

// updateSubject changes the attributes that u sets in s, whose slices are replaced and never written to.
func updateSubject(s *protocol.Subject, u *protocol.SubjectUpdate) {
	if u.Set&protocol.FieldName != 0 {
		s.Name = strings.Clone(u.Name)
	}
	if u.Set&protocol.FieldStatus != 0 {
		s.Status = strings.Clone(u.Status)
	}
	if u.Set&protocol.FieldListingDate != 0 {
		s.ListingDate = strings.Clone(u.ListingDate)
	}
	if u.Set&protocol.FieldCategory != 0 {
		s.Category = strings.Clone(u.Category)
	}
	if u.Set&protocol.FieldTopics != 0 {
		s.Topics = cloneAll(distinct(u.Topics))
	}
	if u.Set&protocol.FieldTags != 0 {
		s.Tags = updatedTags(s.Tags, u.Tags)
	}
}

// updatedTags replaces the tags of each kind that update mentions and leaves other kinds alone; a tag with an empty
// text only removes its kind.
func updatedTags(old, update []protocol.Tag) []protocol.Tag {
	var tags []protocol.Tag
	for _, tag := range old {
		mentioned := func(u protocol.Tag) bool { return u.Kind == tag.Kind }
		if !slices.ContainsFunc(update, mentioned) {
			tags = append(tags, tag)
		}
	}
	for _, tag := range update {
		if tag.Text != "" && !slices.Contains(tags, tag) {
			tags = append(tags, protocol.Tag{Kind: strings.Clone(tag.Kind), Text: strings.Clone(tag.Text)})
		}
	}
	return tags
}

// carries tells whether the subject has the tag; an empty text stands for any text of the kind.
func carries(s *protocol.Subject, tag protocol.Tag) bool {
	return slices.ContainsFunc(s.Tags, func(t protocol.Tag) bool {
		return t.Kind == tag.Kind && (tag.Text == "" || t.Text == tag.Text)
	})
}

// Subjects lists subjects with their attributes, in key order.
func (m *Model) Subjects(q *protocol.ListSubjects, l *protocol.SubjectList) error {
	var c check
	c.page(0, q.Limit, protocol.MaxLimit)
	if q.Topic != "" {
		c.topicExists(m, q.Topic)
	}
	if err := c.err(); err != nil {
		return err
	}
	keys := m.subjectsWhere(func(s *protocol.Subject) bool {
		return s.Key > q.After &&
			(q.Topic == "" || slices.Contains(s.Topics, q.Topic)) &&
			!slices.ContainsFunc(q.Tags, func(tag protocol.Tag) bool { return !carries(s, tag) })
	})
	*l = protocol.SubjectList{Applied: m.applied}
	for _, key := range pageOf(keys, 0, q.Limit, protocol.DefaultSearchLimit) {
		l.Subjects = append(l.Subjects, m.subjects[key])
	}
	return nil
}

// pageOf returns the part of a list that offset and limit cut out; limit 0 means usual, and an offset past the end gives
// nothing (rule 11).
func pageOf[T any](list []T, offset, limit, usual int) []T {
	if limit == 0 {
		limit = usual
	}
	offset = min(offset, len(list))
	return list[offset:min(offset+limit, len(list))]
}
