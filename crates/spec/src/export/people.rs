//! Writes people, a file each: the e-mail, and where the person is with which roles.
//!
//! Invites that wait are memberships like any other. Expired ones are written as comments: declared, they would
//! be mailed again.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgform_model::{Email, ObjectKind, PersonId};

use super::Run;
use super::names::{dotted_slug, slug, slug_or_mark};
use super::seats::{Person, Seat, Standing, Who, people};
use super::text::{Document, as_remark, list, named, scalar};
use crate::names::email_fault;

/// Ends placeholders of e-mails: a name that no mail can be sent to (RFC 2606).
const NOWHERE: &str = "unreadable.invalid";

/// The file of invites that expired, of people who are nowhere else.
const EXPIRED: &str = "expired-invites";

pub(super) fn write(run: &mut Run<'_>) {
    let people = people(run);
    let names = name(run, &people);
    let mut expired = Vec::new();
    for (who, person) in &people {
        let Some(name) = names.get(who) else { continue };
        if person.seats.iter().all(|seat| seat.standing == Standing::Expired) {
            expired.extend(as_comment(run, who, person, name));
        } else {
            write_one(run, who, person, name);
        }
    }
    let path = format!("people/{EXPIRED}");
    // Comments can't be told from what somebody has made of them since.
    if !expired.is_empty() && !run.files.is_there(&path) {
        let head = "# These invites have expired. While they are comments, nobody is mailed again.\n#\n";
        run.files.add(&path, format!("{head}{}", expired.join("# ---\n")));
    }
}

/// Names everybody by what stands before the `@`. Of several with the same, the one in the domain that most people
/// have has the plain name.
fn name<'a>(run: &mut Run<'_>, people: &BTreeMap<Who<'a>, Person<'a>>) -> BTreeMap<Who<'a>, Arc<str>> {
    let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
    for who in people.keys() {
        if let Who::Email(email) = who {
            *domains.entry(parts(email).1).or_default() += 1;
        }
    }
    let rank = |email: &Email| domains.get(parts(email).1).copied().unwrap_or(0);
    let mut wanting: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for who in people.keys() {
        if let Who::Email(email) = who {
            wanting.entry(plain(email)).or_default().push(rank(email));
        }
    }
    run.names.reserve(ObjectKind::Member, EXPIRED);
    let mut names = BTreeMap::new();
    for (who, person) in people {
        let wanted = match who {
            Who::Email(email) => {
                let short = plain(email);
                let ranks = wanting.get(&short).map(Vec::as_slice).unwrap_or_default();
                let first = ranks.iter().max() == Some(&rank(email))
                    && ranks.iter().filter(|other| **other == rank(email)).count() == 1;
                let longer = format!("{short}-{}", dotted_slug(parts(email).1));
                if first { vec![short, longer] } else { vec![longer] }
            }
            Who::Id(id) => {
                let called = person.odd_email.as_ref().map(Email::as_str).or(person.hint).unwrap_or_default();
                let mark = slug_or_mark(String::new(), id.as_str(), "person");
                let called = slug(called);
                if called.is_empty() { vec![mark] } else { vec![called.clone(), format!("{called}.{mark}")] }
            }
        };
        names.insert(who.clone(), run.names.give(ObjectKind::Member, &wanted));
    }
    names
}

fn parts(email: &Email) -> (&str, &str) {
    email.as_str().rsplit_once('@').unwrap_or((email.as_str(), ""))
}

fn plain(email: &Email) -> String {
    slug_or_mark(dotted_slug(parts(email).0), email.as_str(), "person")
}

fn write_one(run: &mut Run<'_>, who: &Who<'_>, person: &Person<'_>, name: &Arc<str>) {
    let (email, id, remarks) = identity(run, who, person, name);
    let mut document = Document::new("Member", name, &remarks);
    document.field("email", &scalar(&email));
    if let Some(id) = id {
        let (provider, id) = (named(run.source.provider.as_str()), scalar(id.as_str()));
        document.field("identities", &format!("[{{ providerRef: {provider}, id: {id} }}]"));
    }
    document.line("  memberships:");
    for seat in &person.seats {
        let line = membership(run, seat);
        let sign = if seat.standing == Standing::Expired { "# " } else { "" };
        document.line(&format!("    {sign}- {line}"));
        if seat.standing != Standing::Expired {
            run.export.memberships += 1;
            run.export.invites += usize::from(seat.standing == Standing::Invited);
        }
    }
    run.files.add(&format!("people/{name}"), document.finish());
    run.export.people += 1;
    run.export.unreadable += usize::from(id.is_some());
}

/// The e-mail to write, the id where that has to tell who it is, and what to say of it.
fn identity<'a>(
    run: &Run<'_>,
    who: &Who<'a>,
    person: &Person<'_>,
    name: &str,
) -> (String, Option<&'a PersonId>, Vec<String>) {
    let id = match who {
        Who::Email(email) => {
            let place = run.source.known.emails.get(email);
            let remark = place.map(|place| format!("More of the person in {}:{}.", place.file, place.line));
            return (email.written().to_owned(), None, remark.into_iter().collect());
        }
        Who::Id(id) => id,
    };
    let mut remarks = vec![match (&person.odd_email, person.hint) {
        (Some(email), _) => {
            format!("The e-mail there, \"{email}\", can't be declared; the id tells who it is.")
        }
        (None, Some(hint)) => format!("The e-mail can't be read; the id tells who it is: \"{hint}\" there."),
        (None, None) => "The e-mail can't be read; the id tells who it is.".to_owned(),
    }];
    // What a provider shows of a person may be the address; nobody else may be declared by it.
    let hinted = person.hint.filter(|hint| email_fault(hint).is_none()).map(Email::new);
    let hinted = hinted.filter(|email| !run.source.known.emails.contains_key(email));
    let email = match hinted.filter(|email| !run.is_in_use(email)) {
        Some(email) => email.written().to_owned(),
        None => {
            remarks
                .push("Put the real address in the place of this one, which no mail can reach.".to_owned());
            format!("{name}@{NOWHERE}")
        }
    };
    (email, Some(id), remarks)
}

fn membership(run: &Run<'_>, seat: &Seat<'_>) -> String {
    let account = run.account_names.get(seat.account).map_or("", |name| &**name);
    let roles = list(seat.roles.iter().map(String::as_str));
    let mut notes = Vec::new();
    match seat.standing {
        Standing::Member => {}
        Standing::Invited => notes.push("invited, has not accepted yet".to_owned()),
        Standing::Expired => {
            notes.push("its invite has expired; without the first `#`, it is mailed again".to_owned())
        }
    }
    notes.extend(seat.notes.iter().cloned());
    let remark =
        if notes.is_empty() { String::new() } else { format!(" # {}", as_remark(&notes.join("; "))) };
    format!("{{ accountRef: {}, roles: {roles} }}{remark}", named(account))
}

/// A declaration of which every line is a comment.
fn as_comment(run: &Run<'_>, who: &Who<'_>, person: &Person<'_>, name: &Arc<str>) -> Option<String> {
    let Who::Email(email) = who else { return None };
    let mut document = Document::new("Member", name, &[]);
    document.field("email", &scalar(email.written()));
    document.line("  memberships:");
    for seat in &person.seats {
        let account = run.account_names.get(seat.account).map_or("", |name| &**name);
        let roles = list(seat.roles.iter().map(String::as_str));
        document.line(&format!("    - {{ accountRef: {}, roles: {roles} }}", named(account)));
    }
    Some(document.finish().lines().map(|line| format!("# {line}\n")).collect())
}

impl Run<'_> {
    /// Whether somebody at the provider has this e-mail, or an invite to it.
    fn is_in_use(&self, email: &Email) -> bool {
        let world = self.source.world;
        let seen = world.people.values();
        let looked_up = seen.filter_map(|seen| match seen {
            orgform_model::world::PersonSeen::Email(email) => Some(email),
            _ => None,
        });
        let contents = || world.contents.values().flatten();
        let listed =
            contents().flat_map(|content| content.members.values()).filter_map(|one| one.email.as_ref());
        let invited = contents().flat_map(|content| &content.invites).map(|invite| &invite.email);
        looked_up.chain(listed).chain(invited).any(|one| one == email)
    }
}
