// SPDX-License-Identifier: Apache-2.0

// Publishes one notification: go run publish.go USER TITLE
package main

import (
	"bytes"
	cryptorand "crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"time"
)

const patience = 30 * time.Second

type answer struct {
	status     int
	retryAfter string
	body       struct{ ID, Detail string }
}

// False when no answer came: nobody knows whether it was stored.
func attempt(client *http.Client, key string, body []byte) (answer, bool) {
	var got answer
	request, err := http.NewRequest("POST", "http://"+os.Getenv("BELFRY_INGEST_HTTP")+"/v1/notify", bytes.NewReader(body))
	if err != nil {
		fail(err.Error())
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("BELFRY_API_KEY"))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	response, err := client.Do(request)
	if err != nil {
		return got, false
	}
	defer response.Body.Close()
	got.status = response.StatusCode
	got.retryAfter = response.Header.Get("Retry-After")
	return got, json.NewDecoder(response.Body).Decode(&got.body) == nil
}

func main() {
	if len(os.Args) != 3 {
		fail("usage: publish USER TITLE")
	}
	body, _ := json.Marshal(map[string]string{"userId": os.Args[1], "title": os.Args[2]})
	random := make([]byte, 16)
	if _, err := cryptorand.Read(random); err != nil {
		fail(err.Error())
	}
	key := hex.EncodeToString(random) // the same for every attempt
	client := &http.Client{Timeout: 10 * time.Second}
	deadline := time.Now().Add(patience)
	for wait := 200 * time.Millisecond; ; {
		got, ok := attempt(client, key, body)
		if ok && got.status < 300 {
			fmt.Println(got.body.ID)
			return
		}
		if ok && got.status < 500 && got.status != http.StatusTooManyRequests {
			fail(fmt.Sprintf("%d: %s", got.status, got.body.Detail))
		}
		pause := wait/2 + time.Duration(rand.Int63n(int64(wait)))
		if seconds, err := strconv.Atoi(got.retryAfter); err == nil {
			pause = time.Duration(seconds) * time.Second
		}
		if time.Now().Add(pause).After(deadline) {
			fail("gave up; whether it was stored is unknown")
		}
		time.Sleep(pause)
		if wait *= 2; wait > 5*time.Second {
			wait = 5 * time.Second
		}
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}
