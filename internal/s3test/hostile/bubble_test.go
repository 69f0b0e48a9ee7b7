package hostile

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minio/minio-go/v7"
)

// TestHangsInABubble has a request hang for days that pass at once.
func TestHangsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := small()
		c := newClient(t, s)
		s.Plan(At(PutObject, 1, Hang()))
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 72*time.Hour)
		defer cancel()
		if _, err := c.PutObject(ctx, "logs", "x", nil, 0, "", "", minio.PutObjectOptions{}); err == nil {
			t.Error("a request that hangs is answered")
		}
		if d := time.Since(began); d != 72*time.Hour {
			t.Errorf("it hung for %v", d)
		}
		if err := c.put("x", "text"); err != nil {
			t.Error(err)
		}
		if o := s.Object("x"); o == nil || !o.Modified.Equal(time.Now()) {
			t.Errorf("the object is %+v", o)
		}
	})
}
