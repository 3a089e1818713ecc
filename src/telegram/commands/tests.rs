//! The registry: names, the order of sections, who may use what, and the nearest command.

use super::*;

const PRIVATE: Asker = Asker { is_administrator: false, chat: ChatKind::Private };
const OWNER: Asker = Asker { is_administrator: true, chat: ChatKind::Private };

#[test]
fn names_are_what_telegram_takes_and_different() {
    for &command in Command::VARIANTS {
        let name = command.name();
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!((1..=32).contains(&name.len()) && name.chars().all(good), "{name}");
        assert_eq!(Command::named(&name.to_uppercase()), Some(command), "{name} is there twice");
    }
    assert_eq!(Command::named("star"), None);
    assert_eq!(Command::named(""), None);
}

#[test]
fn every_section_has_a_command() {
    for section in Section::VARIANTS {
        assert!(Command::VARIANTS.iter().any(|command| command.row().section == *section), "{section:?}");
    }
}

#[test]
fn administrators_use_their_commands_and_only_in_private() {
    for (is_administrator, chat, refusal) in [
        (true, ChatKind::Private, None),
        (true, ChatKind::Supergroup, Some(CommandRefusal::OnlyPrivate)),
        (false, ChatKind::Private, Some(CommandRefusal::NotAdministrator)),
        (false, ChatKind::Group, Some(CommandRefusal::NotAdministrator)),
    ] {
        let asker = Asker { is_administrator, chat };
        assert_eq!(Command::TopUp.refusal(asker), refusal, "{asker:?}");
        assert_eq!(Command::usable(asker).any(|command| command == Command::TopUp), refusal.is_none());
        assert_eq!(Command::Stop.refusal(asker), None);
    }
}

#[test]
fn menus_show_what_their_readers_need() {
    let names = |reader| Command::menu(reader).map(Command::name).collect::<Vec<_>>();
    let everyone = names(MenuReader::Person);
    assert!(everyone.contains(&"start") && !everyone.contains(&"cancel") && !everyone.contains(&"topup"));
    let owner = names(MenuReader::Administrator);
    assert!(["announce", "user", "stats", "topup", "set_margin"].iter().all(|name| owner.contains(name)));
    assert_eq!(owner[..everyone.len()], everyone);
    let member = names(MenuReader::Member);
    assert!(member.contains(&"stop") && !member.contains(&"start") && !member.contains(&"topup"));
    assert!(!member.contains(&"group") && !everyone.contains(&"group") && !owner.contains(&"group"));
    let mut of_administrators = names(MenuReader::GroupAdministrator);
    assert!(of_administrators.contains(&"group"));
    of_administrators.retain(|name| *name != "group");
    assert_eq!(of_administrators, member, "nothing else differs");
    assert_eq!(Command::Group.refusal(PRIVATE), Some(CommandRefusal::OnlyGroups));
}

#[test]
fn a_mistyped_word_finds_its_command() {
    for (word, asker, nearest) in [
        ("hepl", PRIVATE, Some(Command::Help)),
        ("HALP", PRIVATE, Some(Command::Help)),
        ("stpo", PRIVATE, Some(Command::Stop)),
        ("lang", PRIVATE, Some(Command::Language)),
        ("bal", PRIVATE, Some(Command::Balance)),
        ("ballance", PRIVATE, Some(Command::Balance)),
        ("pays", PRIVATE, Some(Command::PaySupport)),
        ("pya", PRIVATE, Some(Command::Pay)),
        ("setmargin", OWNER, Some(Command::SetMargin)),
        ("setmargin", PRIVATE, None),
        ("joke", PRIVATE, None),
        ("x", PRIVATE, None),
        ("weather", PRIVATE, None),
    ] {
        assert_eq!(Command::nearest(word, asker), nearest, "{word}");
    }
}
