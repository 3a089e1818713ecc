//! A family of metrics, for the documentation.

/// A family of metrics, as the documentation describes it.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The name.
    pub name: &'static str,
    /// The type of the handle, such as `IntCounterVec`.
    pub kind: &'static str,
    /// The names of the labels.
    pub labels: &'static [&'static str],
    /// The help line.
    pub help: &'static str,
}

impl Family {
    /// Returns the type as Prometheus calls it.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            "Histogram" | "HistogramVec" | "CoarseHistogramVec" => "histogram",
            "IntCounter" | "IntCounterVec" => "counter",
            _ => "gauge",
        }
    }
}
