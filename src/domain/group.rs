//! What the administrators of a group set for it.

use rust_decimal::Decimal;

use crate::domain::ids::UserId;
use crate::domain::money::Usd;

/// The settings of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct GroupSettings {
    /// Whether every message is answered; otherwise those that mention the bot or reply to it, and commands.
    pub hears_all: bool,
    /// Whether all members share one conversation, in each topic one.
    pub shared: bool,
    /// Who pays for the answers to all members; `None`: each member pays for their own.
    pub sponsor: Option<Sponsor>,
}

/// A person who pays for the answers to all members of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sponsor {
    /// The person.
    pub user: UserId,
    /// The most that they pay in the group in a day (UTC), US dollars.
    pub day_limit: Usd,
}

/// A change of one setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GroupChoice {
    /// Whether every message is answered.
    HearsAll(bool),
    /// Whether all members share one conversation.
    Shared(bool),
    /// Each member pays for their own answers.
    MembersPay,
    /// The person who chooses it pays for all members.
    IPay,
    /// The most that the sponsor pays in a day, US dollars.
    DayLimit(Usd),
}

/// Why a choice is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GroupRefusal {
    /// Only administrators of the group set it. A sponsor may stop paying at any time.
    NoRight,
    /// Only the sponsor sets the limit of their own money.
    OthersMoney,
    /// It is not offered.
    Unknown,
}

impl Sponsor {
    /// The limits of a day that are offered, in hundredths of a US dollar.
    const DAY_LIMITS: [i64; 6] = [50, 1_00, 2_00, 5_00, 10_00, 20_00];

    /// Returns the limits of a day that are offered, US dollars.
    pub(crate) fn day_limits() -> [Usd; 6] {
        Self::DAY_LIMITS.map(|cents| Usd(Decimal::new(cents, 2)))
    }

    /// Returns a new sponsor, with a low limit.
    fn new(user: UserId) -> Self {
        Self { user, day_limit: Usd(Decimal::ONE) }
    }
}

impl GroupSettings {
    /// Returns whether a person is the sponsor.
    pub(crate) fn is_sponsored_by(&self, user: UserId) -> bool {
        self.sponsor.is_some_and(|sponsor| sponsor.user == user)
    }

    /// Returns the settings after the choice of a person, who may be an administrator of the group.
    ///
    /// # Errors
    /// Returns why the person may not choose this.
    pub(crate) fn after(
        self,
        choice: GroupChoice,
        by: UserId,
        administers: bool,
    ) -> Result<Self, GroupRefusal> {
        let pays = |sponsor: &Sponsor| sponsor.user == by;
        let may = administers || choice == GroupChoice::MembersPay && self.is_sponsored_by(by);
        if !may {
            return Err(GroupRefusal::NoRight);
        }
        Ok(match choice {
            GroupChoice::HearsAll(hears_all) => Self { hears_all, ..self },
            GroupChoice::Shared(shared) => Self { shared, ..self },
            GroupChoice::MembersPay => Self { sponsor: None, ..self },
            GroupChoice::IPay => {
                let sponsor = self.sponsor.filter(pays).unwrap_or_else(|| Sponsor::new(by));
                Self { sponsor: Some(sponsor), ..self }
            }
            GroupChoice::DayLimit(day_limit) => {
                let sponsor = self.sponsor.filter(pays).ok_or(GroupRefusal::OthersMoney)?;
                if !Sponsor::day_limits().contains(&day_limit) {
                    return Err(GroupRefusal::Unknown);
                }
                Self { sponsor: Some(Sponsor { day_limit, ..sponsor }), ..self }
            }
        })
    }
}

#[cfg(test)]
mod tests;
