//! A world in which people have worked by hand for years: what a tool finds when it comes.
//!
//! Names that no file can have, two accounts and two roles of one name, grants that nobody remembers giving, invites
//! sent twice or long expired, people whose profile can't be read, and somebody else's organization next to ours.

use super::act::Act;
use super::perform;
use super::switches::DuplicateInvites;
use super::world::World;

/// Lets all of it happen. The top account may be called anything.
pub(crate) fn lived_in(mut world: World) -> World {
    let Some(top) = world.accounts.keys().next().cloned() else { return world };
    let switches = world.switches.clone();
    world.switches.duplicate_invites = DuplicateInvites::Allowed;
    for act in history(&top) {
        // Each of them is possible after the ones before it; the tests of this crate hold that.
        let _ = perform::perform(&mut world, act);
    }
    world.switches = switches;
    world.mails.clear();
    world.events.clear();
    world.take_unsaved();
    world
}

fn history(top: &str) -> Vec<Act> {
    let mut acts = accounts(top);
    acts.extend(roles(top));
    acts.extend(people(top));
    acts.extend(invites_and_renames(top));
    acts
}

fn accounts(top: &str) -> Vec<Act> {
    let below = |parent: &str, name: &str| Act::CreateAccount { parent: parent.into(), name: name.into() };
    let text = str::to_owned;
    vec![
        below(top, "Finance"),
        below(top, "R&D: \"Lab #7\""),
        below(top, "東京"),
        below("Finance", "Yes"),
        below("Finance", "Treasury"),
        // Made twice by mistake; both are in use.
        below("東京", "Lab"),
        below("東京", "Lab"),
        Act::DescribeAccount {
            account: "Finance".into(),
            description: Some("Money: in, out\nand back".into()),
            tags: Some(
                [("cost-center", "0041"), ("owner", "nobody?")].map(|(a, b)| (a.into(), b.into())).into(),
            ),
            technical_contacts: Some(vec![text("noc@acme.example"), text("root@localhost")]),
        },
        // Somebody else's, with people of ours in it.
        Act::SignUp { name: "Globex".into(), email: "hank@globex.example".into() },
        below("Globex", "Finance of Globex"),
    ]
}

fn roles(top: &str) -> Vec<Act> {
    let role = |account: &str, name: &str, cells: &[(&str, &[&str])]| Act::CreateRole {
        account: account.into(),
        name: name.into(),
        permissions: cells
            .iter()
            .map(|(resource, actions)| {
                ((*resource).to_owned(), actions.iter().map(|&action| action.to_owned()).collect())
            })
            .collect(),
    };
    vec![
        role(top, "Network operator", &[("networks", &["create", "read", "update"]), ("ports", &["read"])]),
        role(
            top,
            "Everything but people",
            &[("networks", &["all"]), ("ports", &["all"]), ("billing", &["all"])],
        ),
        role(top, "Looks only", &[("all", &["read"])]),
        role(top, "Nothing", &[]),
        role("Finance", "Network operator", &[("networks", &["read"])]),
        role("Finance", "Boss", &[("all", &["all"])]),
        role("Treasury", "Almost Admin", &[("billing", &["read"])]),
        role("Treasury", "Auditor: year-end", &[("audit", &["read"])]),
        role("Treasury", "Auditor of 2019", &[("audit", &["read"]), ("billing", &["read"])]),
    ]
}

fn people(top: &str) -> Vec<Act> {
    let member = |account: &str, email: &str, roles: &[&str]| Act::AddMember {
        account: account.into(),
        email: email.into(),
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
    };
    let lab = "R&D: \"Lab #7\"";
    vec![
        member(top, "Ada.Lovelace@Acme.example", &["Admin", "Network operator"]),
        member("Finance", "ada.lovelace@acme.example", &["Boss"]),
        member(top, "grace@acme.example", &["Network operator", "Looks only"]),
        member(lab, "grace@acme.example", &["Network operator"]),
        member("Finance", "grace@partner.example", &["Network operator"]),
        member("Treasury", "007@acme.example", &["Admin", "Almost Admin"]),
        member("Treasury", "audit@acme.example", &["Auditor: year-end", "Auditor of 2019"]),
        member("Yes", "no@acme.example", &["Boss"]),
        member(lab, "jürgen@acme.example", &["Looks only"]),
        member(lab, "contractor@gone.example", &["Everything but people"]),
        // Added and given nothing.
        member(lab, "idle@acme.example", &[]),
        member("東京", "taro@acme.example", &["Admin"]),
        member("東京", "shy@acme.example", &["Looks only"]),
        member("Finance", "shy@acme.example", &["Network operator"]),
        member("東京", "shy.too@acme.example", &["Looks only"]),
        Act::HideUser { email: "shy@acme.example".into() },
        Act::HideUser { email: "shy.too@acme.example".into() },
        member("Globex", "grace@acme.example", &["Admin"]),
        member("Finance", "hank@globex.example", &["Network operator"]),
    ]
}

fn invites_and_renames(top: &str) -> Vec<Act> {
    let invite = |account: &str, email: &str, role: &str| Act::Invite {
        account: account.into(),
        email: email.into(),
        roles: vec![role.into()],
    };
    let rename = |role: &str, name: &str| Act::RenameRole {
        account: "Treasury".into(),
        role: role.into(),
        name: name.into(),
    };
    let expire =
        |account: &str, email: &str| Act::ExpireInvite { account: account.into(), email: email.into() };
    vec![
        invite(top, "new@acme.example", "Looks only"),
        // Twice, with something else each time.
        invite("Finance", "twice@acme.example", "Network operator"),
        invite("Finance", "twice@acme.example", "Boss"),
        invite("Finance", "late@acme.example", "Boss"),
        expire("Finance", "late@acme.example"),
        // One expired, one live, in two places.
        invite(top, "half@acme.example", "Looks only"),
        expire(top, "half@acme.example"),
        invite("Treasury", "half@acme.example", "Looks only"),
        // Two of one name, and one that is called as the predefined role is.
        rename("Auditor of 2019", "Auditor: year-end"),
        rename("Almost Admin", "Admin"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pureport::{genesis, view};

    #[test]
    fn everything_of_it_can_happen() {
        let mut world = genesis::found(1, "Acme");
        let top = world.accounts.keys().next().unwrap().clone();
        world.switches.duplicate_invites = DuplicateInvites::Allowed;
        for act in history(&top) {
            let shown = format!("{act:?}");
            perform::perform(&mut world, act).unwrap_or_else(|error| panic!("{shown}: {error}"));
        }
        assert!(world.users.values().any(|user| view::user(user)["email"] == "taro@acme.example"));
    }
}
