// The till's worker in Go: net/http, pgx and the fence's SQL functions, no SDK.
//
//	accompanist fence install --schema till_worker --database DSN, and workers/till/till.sql beside it
//	TILL_WORKER_URL=http://127.0.0.1:7000/ TILL_WORKER_DATABASE=DSN go run .
//
// rpc.go reads requests and answers them, fence.go makes operations exactly-once, till.go is what a till does.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	address := os.Getenv("TILL_WORKER_URL")
	places, patience := number("TILL_WORKER_CONNECTIONS", 16), number("TILL_WORKER_CONNECT_MS", 5_000)
	database, err := open(os.Getenv("TILL_WORKER_DATABASE"), "till_worker", places)
	if err != nil {
		log.Fatal(err)
	}
	listener, target, err := listen(address)
	if err != nil {
		log.Fatal(err)
	}
	worker := &worker{database, till(), time.Duration(patience) * time.Millisecond}
	server := &http.Server{Handler: handler(worker, target), ReadTimeout: 30 * time.Second, IdleTimeout: 75 * time.Second}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM, syscall.SIGINT)
	drained := make(chan struct{})
	go func() {
		<-stopped
		within, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(within) // what is under way ends
		close(drained)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-drained
}

// number is what a variable says, or what it is without one.
func number(name string, otherwise int) int {
	if found, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return found
	}
	return otherwise
}

// listen at http://host:port/path or http+unix:/path, for our own user alone.
func listen(address string) (net.Listener, string, error) {
	if path, unix := strings.CutPrefix(address, "http+unix:"); unix {
		if probe, err := net.Dial("unix", path); err == nil {
			probe.Close()
			return nil, "", errors.New(path + " is in use")
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			os.Remove(path) // a killed process has left it
		}
		syscall.Umask(0o177)
		listener, err := net.Listen("unix", path)
		return listener, "/", err
	}
	place, err := url.Parse(address)
	if err != nil {
		return nil, "", err
	}
	listener, err := net.Listen("tcp", place.Host)
	return listener, place.Path, err
}

const messageBytesMax = 1_310_720

func handler(worker *worker, target string) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		refuse := func(status int) {
			response.Header().Set("Connection", "close")
			response.WriteHeader(status)
		}
		// a browser's page cannot send application/json across origins without asking first
		content, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
		switch {
		case request.URL.Path != target:
			refuse(http.StatusNotFound)
			return
		case request.Method != http.MethodPost:
			refuse(http.StatusMethodNotAllowed)
			return
		case content != "application/json":
			refuse(http.StatusUnsupportedMediaType)
			return
		case request.ContentLength > messageBytesMax:
			refuse(http.StatusRequestEntityTooLarge)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, messageBytesMax))
		if err != nil {
			refuse(http.StatusRequestEntityTooLarge)
			return
		}
		answer := worker.answer(body)
		if answer == nil {
			response.WriteHeader(http.StatusNoContent)
			return
		}
		response.Header().Set("Content-Type", "application/json")
		_, _ = response.Write(answer)
	})
}
