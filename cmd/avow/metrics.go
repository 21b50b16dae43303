package main

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/avowhq/avow"
)

// metrics are counts and times of routes and decisions. No label holds anything
// of a person: routes are patterns, reasons are the gate's own words.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	duration  *prometheus.HistogramVec
	decisions *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "avow_http_requests_total", Help: "Requests by route and status."}, []string{"route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "avow_http_request_seconds", Help: "Time to answer, by route.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8)}, []string{"route"}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "avow_decisions_total", Help: "Decisions of the gate by purpose, answer and reason."},
			[]string{"policy", "purpose", "allowed", "reason"}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.decisions, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// requestGauges tell how many requests of people there are, read when somebody looks.
type requestGauges struct {
	states, overdue *prometheus.Desc
	count           func(context.Context) (map[string]int, int, error)
}

// watchRequests adds requests by state, and how many are overdue.
func (m *metrics) watchRequests(count func(context.Context) (map[string]int, int, error)) {
	m.registry.MustRegister(&requestGauges{prometheus.NewDesc("avow_requests", "Requests of people by state.", []string{"state"}, nil),
		prometheus.NewDesc("avow_requests_overdue", "Requests whose answer is overdue.", nil, nil), count})
}

// Describe gives what there can be.
func (g *requestGauges) Describe(to chan<- *prometheus.Desc) { to <- g.states; to <- g.overdue }

// Collect counts. What cannot be counted is an error of the whole look, so that nobody takes silence for zero.
func (g *requestGauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	states, overdue, err := g.count(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(g.overdue, err)
		return
	}
	for state, n := range states {
		to <- prometheus.MustNewConstMetric(g.states, prometheus.GaugeValue, float64(n), state)
	}
	to <- prometheus.MustNewConstMetric(g.overdue, prometheus.GaugeValue, float64(overdue))
}

func (m *metrics) served(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}

func (m *metrics) decided(policy, purpose string, allowed bool, reason string) {
	m.decisions.WithLabelValues(policy, purpose, strconv.FormatBool(allowed), reason).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// loopback refuses to show the inside to a network.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return avow.FieldErrorf("--metrics", "write it as 127.0.0.1:9464")
	}
	if !avow.ThisMachine(host) {
		return avow.FieldErrorf("--metrics", "metrics are served on loopback only; put a proxy in front to show them elsewhere")
	}
	return nil
}
