package jsontarget

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// reply is what the server answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// exchange sends a request and reads the answer.
func exchange(method, url, body string) (reply, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text)}, errors.Join(err, response.Body.Close())
}
