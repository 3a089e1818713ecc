//! Payments with Stars that can still be refunded: they keep that right. What others brought is part of the
//! balance.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::import::{Import, ImportError, past};
use super::report::Kind;
use crate::db::balance::{self, Operation, Reason};
use crate::db::imports;
use crate::db::payments::{self, NewPayment, PaymentSource};
use crate::db::predecessor::Row;
use crate::domain::ids::{ChatId, ThreadKey, UserId};
use crate::domain::money::Usd;
use crate::domain::stars::REFUND_DAYS;

/// A payment that can still be refunded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Refundable {
    charge: String,
    stars: u32,
    /// What it brought, US dollars.
    pub credit: Usd,
    paid_at: DateTime<Utc>,
    /// Whether this bot credited it already: Telegram reported it to both.
    is_known: bool,
}

/// The payments of some people.
#[derive(Clone, Debug, Default)]
pub(super) struct Payments {
    by_person: BTreeMap<i64, Vec<Row>>,
    /// Person and credit of the charges that are known here.
    known: BTreeMap<String, (i64, Usd)>,
}

impl Payments {
    /// Reads the payments of some people.
    pub(super) async fn of(import: &mut Import<'_>, people: &[i64]) -> Result<Self, ImportError> {
        let rows = import.theirs.payments(people).await.map_err(ImportError::Theirs)?;
        let charges: Vec<String> = rows.iter().filter_map(charge).collect();
        let known = imports::credits(import.ours().await?, &charges).await?;
        let known = known.into_iter().map(|(charge, person, credit)| (charge, (person.0, credit))).collect();
        let mut by_person: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
        for row in rows {
            by_person.entry(row.number("user_id").unwrap_or_default()).or_default().push(row);
        }
        Ok(Self { by_person, known })
    }

    /// Returns what a person who was taken before has got for payments, and notes all of them.
    pub(super) fn known(&self, import: &mut Import<'_>, person: i64) -> Usd {
        let mut sum = Usd::ZERO;
        for row in self.by_person.get(&person).into_iter().flatten() {
            let known =
                charge(row).and_then(|charge| self.known.get(&charge)).filter(|(of, _)| *of == person);
            match (known, read(row, import.now)) {
                (Some((_, credit)), _) => {
                    sum += *credit;
                    import.report.had(Kind::Payments, 1);
                }
                (None, Err(why)) => import.report.left_out(Kind::Payments, why, name(row)),
                (None, Ok(_)) => {
                    import.report.left_out(Kind::Payments, "made after the balance was taken", name(row));
                }
            }
        }
        sum
    }

    /// Returns the payments of a person that can still be refunded, and notes the others.
    pub(super) fn refundable(&mut self, import: &mut Import<'_>, person: i64) -> Vec<Refundable> {
        let mut refundable = Vec::new();
        for row in self.by_person.remove(&person).into_iter().flatten() {
            match read(&row, import.now) {
                Err(why) => import.report.left_out(Kind::Payments, why, name(&row)),
                Ok(payment) => match self.known.get(&payment.charge) {
                    None => refundable.push(payment),
                    Some((of, credit)) if *of == person => {
                        refundable.push(Refundable { credit: *credit, is_known: true, ..payment });
                    }
                    Some(_) => {
                        let why = "credited to somebody else here; part of the balance";
                        import.report.left_out(Kind::Payments, why, name(&row));
                    }
                },
            }
        }
        refundable
    }
}

/// Stores a payment and books its credit, unless that was done; returns the credit.
pub(super) async fn book(
    import: &mut Import<'_>,
    person: i64,
    payment: &Refundable,
) -> Result<Usd, ImportError> {
    let user = UserId(person);
    let new = NewPayment {
        charge_id: &payment.charge,
        user,
        key: ThreadKey { chat: ChatId(person), owner: user.into(), topic: None },
        invoice: None,
        stars: payment.stars,
        credit: payment.credit,
        source: PaymentSource::Message,
        paid_at: payment.paid_at,
        refunded_at: None,
    };
    let stored = if payment.is_known { None } else { payments::insert(import.ours().await?, &new).await? };
    let Some(id) = stored else {
        import.report.had(Kind::Payments, 1);
        return Ok(payment.credit);
    };
    let operation = Operation {
        user,
        reason: Reason::Payment(id),
        amount: payment.credit,
        key: &format!("payment:{}", payment.charge),
        subject: &payment.stars.to_string(),
    };
    balance::post(import.ours().await?, &operation).await?;
    import.report.took(Kind::Payments, 1);
    Ok(payment.credit)
}

fn charge(row: &Row) -> Option<String> {
    row.text("telegram_payment_charge_id")
}

fn name(row: &Row) -> String {
    row.number("id").unwrap_or_default().to_string()
}

/// Reads a payment that can be refunded until a month after `now`, or says why it cannot.
fn read(row: &Row, now: DateTime<Utc>) -> Result<Refundable, &'static str> {
    match row.text("status").as_deref() {
        Some("completed") => {}
        Some("refunded") => return Err("refunded"),
        _ => return Err("the state is unknown; part of the balance"),
    }
    let broken = "incomplete, so it cannot be refunded; part of the balance";
    let stars =
        row.number("stars_amount").and_then(|stars| u32::try_from(stars).ok()).filter(|&stars| stars > 0);
    let credit = row.amount("credited_usd_amount").filter(|&credit| credit > Usd::ZERO);
    let (Some(charge), Some(stars), Some(credit)) = (charge(row), stars, credit) else { return Err(broken) };
    let paid_at = past(Some(row.time("created_at").ok_or(broken)?), now);
    if paid_at + TimeDelta::days(REFUND_DAYS) < now {
        return Err("older than 30 days, so it cannot be refunded; part of the balance");
    }
    Ok(Refundable { charge, stars, credit, paid_at, is_known: false })
}
