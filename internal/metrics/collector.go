package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sshtrail/sshtrail/record"
)

// collector makes metrics of the table's rows and of what was asked once.
type collector struct {
	now   snapshot
	rows  []row
	descs []*prometheus.Desc
}

func newCollector(now snapshot) *collector {
	c := &collector{now: now, rows: rows()}
	for _, r := range c.rows {
		c.descs = append(c.descs, prometheus.NewDesc(namespace+r.name, r.help, r.labels(), nil))
	}
	return c
}

// Describe is prometheus.Collector's.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	for i, r := range c.rows {
		desc := c.descs[i]
		switch r.kind {
		case histogram:
			if c.now.recorder != nil {
				ch <- syncs(desc, &c.now.recorder.Syncs)
			}
		case counter:
			r.read(&c.now, func(value float64, label string) {
				ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, r.labels(label)...)
			})
		case gauge:
			r.read(&c.now, func(value float64, label string) {
				ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, r.labels(label)...)
			})
		}
	}
}

// labels returns the name of the row's label or, given that, its value; nil if it has none.
func (r *row) labels(value ...string) []string {
	switch {
	case r.label == "":
		return nil
	case len(value) > 0:
		return value
	}
	return []string{r.label}
}

// syncs turns the recorder's histogram, whose counts are cumulative as well, into
// Prometheus' own.
func syncs(desc *prometheus.Desc, h *record.Histogram) prometheus.Metric {
	buckets := map[float64]uint64{}
	for i, bound := range record.SyncBounds() {
		buckets[bound.Seconds()] = 0
		if i < len(h.Counts) {
			buckets[bound.Seconds()] = h.Counts[i]
		}
	}
	return prometheus.MustNewConstHistogram(desc, h.All, h.Sum.Seconds(), buckets)
}
