package main

import "errors"

// errTold ends a visit of which nobody wants to be told more.
var errTold = errors.New("nobody wants to be told more")

// inOrder calls do for everything that visit finds, up to n at once, and then tell, in the order of visit.
// It returns the first error of tell, or else that of visit.
func inOrder[T, R any](n int, visit func(each func(T) error) error, do func(T) R, tell func(R) error) error {
	if n <= 1 {
		return visit(func(item T) error { return tell(do(item)) })
	}
	var told error
	queue, stop, done := make(chan chan R, n-1), make(chan struct{}), make(chan struct{})
	go func() { // ends when the queue is closed; inOrder waits for it
		defer close(done)
		for result := range queue {
			r := <-result
			if told != nil {
				continue
			}
			if told = tell(r); told != nil {
				close(stop)
			}
		}
	}()
	err := visit(func(item T) error {
		result := make(chan R, 1)
		select {
		case <-stop:
			return errTold
		case queue <- result:
		}
		go func() { result <- do(item) }() // whose end is waited for above
		return nil
	})
	close(queue)
	<-done
	if told != nil {
		return told
	}
	return err
}
