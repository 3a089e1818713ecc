//! The instances of one bot as child processes: a single one, which polls, or several behind a load balancer.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::FutureExt as _;
use futures::future::{join_all, select_all};
use playground::dealer::{Dealer, Upstream};
use playground::ports::free_address;

use crate::outside::ChatService;
use crate::service::{Service, Setting};
use crate::signals::Signals;
use crate::world::{Environment, Paths};

/// Time limit until the load balancer has noticed that an instance is ready.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// The secret of deliveries.
const SECRET: &str = "playground";

/// The instances, each at its place. A place that was never started has none.
pub(crate) struct Fleet {
    places: Vec<Place>,
    dealer: Option<Dealer>,
}

/// Where an instance runs; the next one there has the same address.
struct Place {
    service: Option<Service>,
    webhook: SocketAddr,
    /// The name of the running instance, unique among all that have run.
    name: String,
    starts: u32,
}

impl Fleet {
    /// Prepares places for so many instances.
    pub(crate) async fn of(number: usize) -> anyhow::Result<Self> {
        if number == 0 {
            bail!("there must be one instance at least");
        }
        let dealer = if number > 1 { Some(Dealer::start().await?) } else { None };
        let place = || -> anyhow::Result<Place> {
            let webhook = free_address().context("no port for deliveries")?;
            Ok(Place { service: None, webhook, name: String::new(), starts: 0 })
        };
        Ok(Self { places: (0..number).map(|_| place()).collect::<anyhow::Result<_>>()?, dealer })
    }

    /// Returns the number of places.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Starts an instance at a place, whose former one must have ended. Does not wait.
    pub(crate) fn start(
        &mut self,
        index: usize,
        world: &Environment,
        (place, home): (&Paths, &Path),
        further: &[Setting],
    ) -> anyhow::Result<()> {
        let several = self.dealer.clone();
        let at = self.at(index)?;
        at.starts += 1;
        at.name = format!("{}-{}", index + 1, at.starts);
        let mut settings = further.to_vec();
        if let Some(dealer) = &several {
            settings.extend([
                ("TELEGRAM_MODE", Some("webhook".to_owned())),
                ("WEBHOOK_URL", Some(dealer.url())),
                ("WEBHOOK_ADDR", Some(at.webhook.to_string())),
                ("WEBHOOK_SECRET", Some(SECRET.to_owned())),
            ]);
            if let ChatService::Emulated(telegram) = &world.messenger
                && !further.iter().any(|(name, _)| *name == "TELEGRAM_API_URL")
            {
                settings.push(("TELEGRAM_API_URL", Some(telegram.url_for(&at.name))));
            }
        }
        let service = world.launch(place, home, &settings)?;
        if let Some(dealer) = &several {
            let (name, webhook, operators) = (at.name.clone(), at.webhook, service.address);
            dealer.set(index, Upstream { name, webhook, operators });
        }
        at.service = Some(service);
        Ok(())
    }

    /// Waits until the instance at a place takes updates, or stands by.
    pub(crate) async fn up(&mut self, index: usize) -> anyhow::Result<()> {
        let takes_updates = self.service(index)?.up().await?;
        match &self.dealer {
            Some(dealer) if takes_updates => dealer.sees(index, true, SEEN_WITHIN).await,
            _ => Ok(()),
        }
    }

    /// Waits until one of the instances takes updates.
    pub(crate) async fn any_ready(&mut self) -> anyhow::Result<()> {
        let ready = self.running().map(|service| service.ready().boxed());
        let (first, ..) = select_all(ready).await;
        first?;
        match &self.dealer {
            Some(dealer) => dealer.any_ready(SEEN_WITHIN).await,
            None => Ok(()),
        }
    }

    /// Returns the instance at a place.
    pub(crate) fn service(&mut self, index: usize) -> anyhow::Result<&mut Service> {
        let service = self.at(index)?.service.as_mut();
        service.with_context(|| format!("nothing runs at place {index}"))
    }

    /// Returns the name under which the calls of the instance at a place are recorded.
    pub(crate) fn name(&self, index: usize) -> &str {
        self.places.get(index).map_or("", |place| &place.name)
    }

    /// Returns the process ids of all instances, each with its place.
    pub(crate) fn pids(&self) -> Vec<(usize, u32)> {
        let pid = |(index, place): (usize, &Place)| Some((index, place.service.as_ref()?.pid()?));
        self.places.iter().enumerate().filter_map(pid).collect()
    }

    /// Waits until an instance exits by itself, which is always a failure. May be dropped and called again.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        let ended: Vec<_> = self.running().map(|service| service.ended().boxed()).collect();
        if ended.is_empty() {
            std::future::pending::<()>().await;
        }
        select_all(ended).await.0
    }

    /// Returns the failure of a wait, with the end of a log.
    pub(crate) fn report(&self, what: &str) -> String {
        let first = self.places.iter().find_map(|place| place.service.as_ref());
        first.map_or_else(|| what.to_owned(), |service| service.report(what))
    }

    /// Kills the instance at a place, like a power failure.
    pub(crate) async fn kill(&mut self, index: usize) -> anyhow::Result<()> {
        self.take(index)?.kill().await
    }

    /// Asks the instance at a place to finish running answers and to exit, and waits for that.
    pub(crate) async fn stop(&mut self, index: usize, signals: &mut Signals) -> anyhow::Result<()> {
        self.take(index)?.stop(signals).await
    }

    /// Stops all instances at once.
    pub(crate) async fn stop_all(&mut self) -> anyhow::Result<()> {
        let running: Vec<Service> = self.places.iter_mut().filter_map(|place| place.service.take()).collect();
        let stopped = running.into_iter().map(|service| async {
            let mut signals = Signals::listen()?;
            service.stop(&mut signals).await
        });
        join_all(stopped).await.into_iter().collect()
    }

    /// Returns what the load balancer has given to each instance, by name; nothing without one.
    pub(crate) fn shares(&self) -> Vec<(String, usize)> {
        self.dealer.as_ref().map(Dealer::shares).unwrap_or_default()
    }

    fn take(&mut self, index: usize) -> anyhow::Result<Service> {
        let service = self.at(index)?.service.take();
        service.with_context(|| format!("nothing runs at place {index}"))
    }

    fn at(&mut self, index: usize) -> anyhow::Result<&mut Place> {
        self.places.get_mut(index).with_context(|| format!("there is no place {index}"))
    }

    fn running(&mut self) -> impl Iterator<Item = &mut Service> {
        self.places.iter_mut().filter_map(|place| place.service.as_mut())
    }
}

/// Returns the directory for the log of the instance at a place.
pub(crate) fn home_of(home: &Path, index: usize) -> PathBuf {
    if index == 0 { home.to_owned() } else { home.join(format!("instance-{}", index + 1)) }
}
