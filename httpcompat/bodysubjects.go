package httpcompat

import (
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// readSeconds returns the UTC seconds that are the name of a field.
func readSeconds(r *reader, key string) int64 {
	seconds, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		r.fail("%.40q is not a time in UTC seconds", key)
	}
	return seconds
}

// readUpdates reads the body of POST /api/v1/subjects: a list of subjects.
func readUpdates(r *reader) ([]protocol.SubjectUpdate, error) {
	var updates []protocol.SubjectUpdate
	if r.open('[', "a list of subjects") {
		for first := true; r.next(']', &first); {
			if len(updates) == protocol.MaxWriteRows {
				r.fail("more than %d subjects in one write", protocol.MaxWriteRows)
				break
			}
			updates = append(updates, readUpdate(r))
		}
	}
	return updates, r.end()
}

// readUpdate reads one subject: its key, and whichever attributes it says.
func readUpdate(r *reader) protocol.SubjectUpdate {
	var u protocol.SubjectUpdate
	if !r.open('{', "an object") {
		return u
	}
	for first := true; r.next('}', &first); {
		r.field = r.key()
		switch r.field {
		case "subject":
			u.Key = r.text()
		case "name":
			attribute(r, &u, &u.Name, protocol.FieldName)
		case "status":
			attribute(r, &u, &u.Status, protocol.FieldStatus)
		case "listing_date":
			attribute(r, &u, &u.ListingDate, protocol.FieldListingDate)
		case "category":
			attribute(r, &u, &u.Category, protocol.FieldCategory)
		case "topics":
			readTopics(r, &u)
		case "tags":
			readTags(r, &u)
		default:
			r.skip()
		}
	}
	if u.Key == "" {
		r.field = "subject"
		r.fail("the subject's key is required")
	}
	return u
}

// attribute reads one text; null leaves it as it is.
func attribute(r *reader, u *protocol.SubjectUpdate, dst *string, field protocol.SubjectField) {
	*dst, u.Set = "", u.Set&^field
	if !r.null() {
		*dst, u.Set = r.text(), u.Set|field
	}
}

// readTopics reads all topics of a subject, each as it is written.
func readTopics(r *reader, u *protocol.SubjectUpdate) {
	u.Topics, u.Set = nil, u.Set&^protocol.FieldTopics
	if r.null() || !r.open('[', "a list of topics") {
		return
	}
	u.Set |= protocol.FieldTopics
	for first := true; r.next(']', &first); {
		if len(u.Topics) == protocol.MaxTopics {
			r.fail("more than %d topics of one subject", protocol.MaxTopics)
			return
		}
		u.Topics = append(u.Topics, r.text())
	}
}

// readTags reads tags: an object from kind to a text or a list of texts. An empty text or list removes the kind; null
// leaves it as it is, and so do kinds that are not mentioned.
func readTags(r *reader, u *protocol.SubjectUpdate) {
	u.Tags, u.Set = nil, u.Set&^protocol.FieldTags
	if r.null() || !r.open('{', "an object from kind to texts") {
		return
	}
	u.Set |= protocol.FieldTags
	for first := true; r.next('}', &first); {
		kind := r.key()
		if r.null() {
			continue
		}
		if r.peek() == '"' {
			addTag(r, u, kind, r.text())
			continue
		}
		before := len(u.Tags)
		if !r.open('[', "a text or a list of texts") {
			return
		}
		for first := true; r.next(']', &first); {
			addTag(r, u, kind, r.text())
		}
		if len(u.Tags) == before {
			addTag(r, u, kind, "")
		}
	}
}

func addTag(r *reader, u *protocol.SubjectUpdate, kind, text string) {
	if len(u.Tags) == protocol.MaxTags {
		r.fail("more than %d tags of one subject", protocol.MaxTags)
		return
	}
	u.Tags = append(u.Tags, protocol.Tag{Kind: kind, Text: text})
}
