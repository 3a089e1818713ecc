//! People: profile, choices and balance.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::import::{Import, ImportError, PAGE, opening_key, past};
use super::payments::{self, Payments};
use super::report::Kind;
use crate::db::balance::{self, Operation, Reason};
use crate::db::imports::{self, NewPerson};
use crate::db::predecessor::Row;
use crate::domain::ids::UserId;
use crate::domain::money::Usd;
use crate::domain::people::Person;
use crate::domain::preferences::Personality;
use crate::lifecycle::kill_point;
use crate::llm::registry::Registry;

/// Someone's balance there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Account {
    person: i64,
    balance: Usd,
}

/// Takes everybody.
pub(super) async fn take(import: &mut Import<'_>) -> Result<(), ImportError> {
    let mut behind = i64::MIN;
    loop {
        let page = import.theirs.people(behind, PAGE).await.map_err(ImportError::Theirs)?;
        let Some(last) = page.last() else { return Ok(()) };
        behind = last.number("id").unwrap_or(i64::MAX);
        take_page(import, &page).await?;
        import.keep().await?;
        kill_point!("import: people taken");
    }
}

async fn take_page(import: &mut Import<'_>, page: &[Row]) -> Result<(), ImportError> {
    let left = left_by_operations(import, page).await?;
    let (mut people, mut accounts) = (Vec::new(), Vec::new());
    for row in page {
        let id = row.number("id").unwrap_or_default();
        let balance = row.amount("balance");
        if id <= 0 {
            import.report.left_out(Kind::People, "the id is not that of a person", id);
            import.report.balances.left_out += balance.unwrap_or_default();
            continue;
        }
        let balance = balance.unwrap_or_else(|| {
            let instead = left.get(&id).copied();
            let what = match instead {
                Some(_) => "the balance is no number; that behind the newest operation counts",
                None => "the balance is no number, and no operation tells it: it is zero",
            };
            import.report.changed(Kind::People, what, id);
            import.report.balances.replaced += instead.unwrap_or_default();
            instead.unwrap_or_default()
        });
        if balance < Usd::ZERO {
            import.report.changed(Kind::People, "in debt; the debt is taken over", id);
        }
        people.push(read(import, row, id));
        accounts.push(Account { person: id, balance });
    }
    let new = imports::create_people(import.ours().await?, &people).await?;
    let known = accounts.iter().filter(|account| !new.contains(&account.person));
    let keys: Vec<String> = known.map(|account| opening_key(account.person)).collect();
    let opened = imports::openings(import.ours().await?, &keys).await?;
    let opened: BTreeMap<i64, Usd> = opened.into_iter().map(|(user, amount)| (user.0, amount)).collect();
    let mut payments = Payments::of(import, &accounts.iter().map(|a| a.person).collect::<Vec<_>>()).await?;
    for account in accounts {
        if let Some(&opening) = opened.get(&account.person) {
            check(import, account, opening, &payments);
            continue;
        }
        if !new.contains(&account.person) {
            let what = "had met this bot; the balance was added to the one here";
            import.report.changed(Kind::People, what, account.person);
        }
        open(import, account, &mut payments).await?;
    }
    Ok(())
}

/// Books the balance of a person: payments that can still be refunded as such, all the rest as one operation.
async fn open(import: &mut Import<'_>, account: Account, payments: &mut Payments) -> Result<(), ImportError> {
    let refundable = payments.refundable(import, account.person);
    let rest = refundable.iter().fold(account.balance, |rest, payment| rest - payment.credit);
    let operation = Operation {
        user: UserId(account.person),
        reason: Reason::Opening,
        amount: rest,
        key: &opening_key(account.person),
        subject: "",
    };
    balance::post(import.ours().await?, &operation).await?;
    let mut booked = rest;
    for payment in refundable {
        booked += payments::book(import, account.person, &payment).await?;
    }
    import.report.balances.ours += booked;
    import.report.took(Kind::People, 1);
    Ok(())
}

/// Notes a person who was taken before.
fn check(import: &mut Import<'_>, account: Account, opening: Usd, payments: &Payments) {
    let taken = opening + payments.known(import, account.person);
    if taken != account.balance {
        import.report.changed(
            Kind::People,
            "the balance there has changed since it was taken",
            account.person,
        );
    }
    import.report.balances.ours += taken;
    import.report.had(Kind::People, 1);
}

/// Returns what the newest operations left to those whose balance is no number.
async fn left_by_operations(
    import: &mut Import<'_>,
    page: &[Row],
) -> Result<BTreeMap<i64, Usd>, ImportError> {
    let unclear = page.iter().filter(|row| row.amount("balance").is_none());
    let unclear: Vec<i64> = unclear.filter_map(|row| row.number("id")).collect();
    if unclear.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = import.theirs.left_by_operations(&unclear).await.map_err(ImportError::Theirs)?;
    Ok(rows.iter().filter_map(|row| Some((row.number("user_id")?, row.amount("balance_after")?))).collect())
}

fn read(import: &mut Import<'_>, row: &Row, id: i64) -> NewPerson {
    import.note_broken(Kind::People, row, id);
    let person = Person {
        id: UserId(id),
        first_name: row.text("first_name").or_else(|| row.text("username")).unwrap_or_else(|| id.to_string()),
        last_name: row.text("last_name"),
        username: row.text("username"),
        language_code: row.text("language_code"),
        is_bot: row.flag("is_bot"),
        is_premium: row.flag("is_premium"),
    };
    NewPerson {
        person,
        model_id: model(import, row, id),
        personality: personality(import, row, id),
        first_seen_at: past(row.time("first_seen_at"), import.now),
        last_seen_at: past(row.time("last_seen_at"), import.now),
    }
}

/// Returns the model that a person has chosen; `None` means the default.
fn model(import: &mut Import<'_>, row: &Row, id: i64) -> Option<String> {
    let theirs = row.text("model_id")?;
    let ours = same_model(&import.books.registry, &theirs, import.now.date_naive());
    if ours.is_none() {
        import.report.changed(Kind::People, "the chosen model is not offered here; the default answers", id);
    }
    let ours = ours?;
    // Everybody had a model there, chosen or not. Who had the default gets ours, also when it changes.
    (ours != import.books.registry.default_model().id.0).then_some(ours)
}

/// Finds the only model here that a name such as `claude:sonnet` can mean.
fn same_model(registry: &Registry, theirs: &str, today: NaiveDate) -> Option<String> {
    let alias = theirs.rsplit(':').next().unwrap_or(theirs);
    let is_meant = |id: &str| id == alias || id.split('-').any(|part| part == alias);
    let mut meant = registry.offered_on(today).filter(|model| is_meant(&model.id.0));
    match (meant.next(), meant.next()) {
        (Some(model), None) => Some(model.id.0.clone()),
        _ => None,
    }
}

/// Returns what a person wants the model to be like.
fn personality(import: &mut Import<'_>, row: &Row, id: i64) -> Option<String> {
    let text = row.text("custom_prompt")?;
    let cut: String = text.chars().take(Personality::MOST).collect();
    if cut.len() < text.len() {
        import.report.changed(Kind::People, "the personality is longer than 2000 characters and was cut", id);
    }
    let read = Personality::read(&cut);
    if read.is_err() {
        let what = "the personality is shorter than 10 characters and was left out";
        import.report.changed(Kind::People, what, id);
    }
    read.ok().map(|Personality(text)| text)
}

#[cfg(test)]
mod tests;
