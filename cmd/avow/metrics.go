package main

import (
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
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return avow.FieldErrorf("--metrics", "metrics are served on loopback only; put a proxy in front to show them elsewhere")
	}
	return nil
}
