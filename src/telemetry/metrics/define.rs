//! The macro that defines the metrics. From one list it generates the handles, their registration, and `FAMILIES`, the
//! table from which the documentation is generated.

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ident = $name:literal
        $([$($label:literal: $($value:literal)|+),+])? $(<$($later:literal),+>)?;)*) => {
        /// Handles of all metrics; the text at each one is its help line.
        #[derive(Clone, Debug)]
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $field: $kind,)*
        }

        impl Metrics {
            /// Registers every family.
            ///
            /// # Errors
            /// Returns an error if two families share a name.
            pub fn new() -> prometheus::Result<Self> {
                let registry = Registry::new();
                $(
                    let help = concat!($($help),+).trim();
                    let $field: $kind = metrics!(@new $kind, $name, help $(, $($label),+)? $(, $($later),+)?);
                    registry.register(Box::new($field.clone()))?;
                    $(metrics!(@zero $field, $($($value)|+),+);)?
                )*
                registry.register(Box::new(ProcessCollector::for_self()))?;
                let metrics = Self { registry, $($field,)* };
                metrics.begin_at_zero();
                Ok(metrics)
            }
        }

        /// All families, for the documentation.
        pub const FAMILIES: &[Family] = &[$(Family {
            name: $name,
            kind: stringify!($kind),
            labels: &[$($($label),+)? $($($later),+)?],
            help: concat!($($help),+),
        }),*];
    };
    (@new IntCounter, $name:literal, $help:expr) => { IntCounter::new($name, $help)? };
    (@new IntGauge, $name:literal, $help:expr) => { IntGauge::new($name, $help)? };
    (@new Histogram, $name:literal, $help:expr) => {
        Histogram::with_opts(HistogramOpts::new($name, $help).buckets(DURATIONS_S.to_vec()))?
    };
    (@new Gauge, $name:literal, $help:expr) => { Gauge::new($name, $help)? };
    (@new HistogramVec, $name:literal, $help:expr, $($label:literal),+) => {
        HistogramVec::new(HistogramOpts::new($name, $help).buckets(DURATIONS_S.to_vec()), &[$($label),+])?
    };
    (@new CoarseHistogramVec, $name:literal, $help:expr, $($label:literal),+) => {
        HistogramVec::new(HistogramOpts::new($name, $help).buckets(COARSE_DURATIONS_S.to_vec()), &[$($label),+])?
    };
    (@new IntGaugeVec, $name:literal, $help:expr, $($label:literal),+) => {
        IntGaugeVec::new(Opts::new($name, $help), &[$($label),+])?
    };
    (@new IntCounterVec, $name:literal, $help:expr, $($label:literal),+) => {
        IntCounterVec::new(Opts::new($name, $help), &[$($label),+])?
    };
    (@zero $field:ident, $($value:literal)|+) => { $($field.with_label_values(&[$value]);)+ };
}

pub(super) use metrics;
