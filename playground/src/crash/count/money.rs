//! Checks of Stars: each is in a wallet or in a payment, and every payment is credited exactly once.

use std::collections::HashMap;

use playground::telegram::{PaymentState, Telegram};

use super::super::books::Books;
use super::super::findings::Findings;
use super::super::people::{STARS, SimulatedUser};

const PAYMENTS: &str = "payments that chat and books tell differently";
const WALLETS: &str = "wallets that do not add up";

/// Compares wallets and receipts with the payments in the database.
pub(super) async fn stars(
    findings: &mut Findings,
    telegram: &Telegram,
    books: &Books,
    people: &[SimulatedUser],
) -> anyhow::Result<()> {
    findings.expect_none(&[PAYMENTS, WALLETS]);
    let booked = books.payments().await?;
    let mut by_charge: HashMap<&str, bool> = HashMap::new();
    let mut spent: HashMap<i64, i64> = HashMap::new();
    for payment in &booked {
        by_charge.insert(&payment.charge_id, payment.refunded);
        if !payment.refunded {
            *spent.entry(payment.user_id).or_default() += i64::from(payment.stars);
        }
    }
    let mut receipts = 0;
    for somebody in people {
        for attempt in telegram.payments(somebody.id()) {
            let Some(receipt) = attempt.receipt() else { continue };
            receipts += 1;
            let refunded = matches!(attempt.state, PaymentState::Refunded(_));
            if by_charge.get(receipt.charge_id.as_str()) != Some(&refunded) {
                findings.fault(PAYMENTS, format!("{attempt:?}"));
            }
        }
        let wallet = i64::from(telegram.stars(somebody.id()));
        let paid = spent.get(&somebody.id()).copied().unwrap_or(0);
        if wallet + paid != i64::from(STARS) {
            let which = format!("person {}: {wallet} in the wallet, {paid} paid", somebody.id());
            findings.fault(WALLETS, which);
        }
    }
    if receipts != booked.len() {
        findings.fault(PAYMENTS, format!("{receipts} receipts, {} in the books", booked.len()));
    }
    findings.count("payments", booked.len());
    findings.count("  given back", booked.iter().filter(|payment| payment.refunded).count());
    Ok(())
}
