//! People and their memberships.
//!
//! Two declarations of one person in one account, or that disagree about the person, are an error naming both;
//! the person is then frozen. What depends on something erroneous is left out and its person frozen too; what
//! an erroneous object names is still looked up, so that all that is wrong with it is told at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use orgform_model::desired::{Creation, DesiredMembership, DesiredPerson};
use orgform_model::semantics::Combine;
use orgform_model::{AccountPath, Email, Fields, Finding, PersonId, Place, Value};

use super::Run;
use super::accounts::{Accounts, Seat, tell_unknown_account};
use super::names::Index;
use super::roles::{Meaning, Roles};
use crate::manifest::{Identity, Member, Membership, Object};
use crate::names::quoted;
use crate::near::join;
use crate::yaml::Span;

pub(super) fn place_members<'m>(run: &mut Run<'m>, accounts: &Accounts<'m>, roles: &Roles<'m>) {
    let objects: &'m [Object<Member>] = &run.manifest.members;
    let index = Index::new(objects);
    let mut usable = Vec::with_capacity(objects.len());
    for (at, object) in objects.iter().enumerate() {
        match &object.spec.email {
            Some(email) if !object.broken && index.is_unique(at) => usable.push((object, &email.value)),
            Some(email) => {
                run.freeze_person(object.object(), &email.value);
                tell_more(run, accounts, roles, object);
            }
            None => {
                run.freeze(object.object());
                tell_more(run, accounts, roles, object);
            }
        }
    }
    let people = People::new(run, &usable);
    let named = usable.iter().filter(|(object, _)| !object.spec.silent).map(|(_, email)| *email);
    let named: HashSet<&Email> = named.collect();
    let mut doubled = HashSet::new();
    for (object, email) in usable {
        // What is not written is not managed, unless somebody else says it.
        if object.spec.silent && !named.contains(email) {
            run.freeze(object.object());
        }
        if people.torn.contains(email) {
            run.freeze_person(object.object(), email);
            tell_more(run, accounts, roles, object);
        } else {
            let offboarded = people.offboarded.contains_key(email);
            place_member(run, accounts, roles, object, email, offboarded, &mut doubled);
        }
    }
}

/// Tells what else is wrong with an object that is frozen already.
fn tell_more(run: &mut Run<'_>, accounts: &Accounts<'_>, roles: &Roles<'_>, object: &Object<Member>) {
    for membership in &object.spec.memberships {
        resolve_membership(run, accounts, roles, object, membership);
    }
    identities(run, object);
}

/// Memberships that are declared twice, by provider.
type Doubled<'m> = HashSet<(usize, AccountPath, &'m Email)>;

fn place_member<'m>(
    run: &mut Run<'m>,
    accounts: &Accounts<'m>,
    roles: &Roles<'m>,
    object: &'m Object<Member>,
    email: &'m Email,
    offboarded: bool,
    doubled: &mut Doubled<'m>,
) {
    let mut targets = Vec::new();
    for membership in &object.spec.memberships {
        match resolve_membership(run, accounts, roles, object, membership) {
            Some((seat, desired)) => {
                targets.push(seat.target);
                if !offboarded {
                    add_membership(run, email, &seat, desired, doubled);
                }
            }
            None => run.freeze_person(object.object(), email),
        }
    }
    let (identities, right) = identities(run, object);
    if !right || !can_all_create(run, accounts, object) {
        run.freeze_person(object.object(), email);
    }
    targets.extend(identities.iter().map(|(target, _)| *target));
    if offboarded {
        // It speaks for every provider of the root.
        targets.extend(0..run.targets.len());
    }
    targets.sort_unstable();
    targets.dedup();
    for &target in &targets {
        let identity = identities.iter().find(|(at, _)| *at == target).map(|(_, id)| id.clone());
        let fields = fields_at(run, object, target, &targets);
        add_person(run, object, email, target, identity, offboarded, fields);
    }
}

/// Whether every provider that the person comes to can make people, if that is declared.
fn can_all_create(run: &mut Run<'_>, accounts: &Accounts<'_>, object: &Object<Member>) -> bool {
    let Some(span) = object.spec.create else { return true };
    let named = object.spec.memberships.iter().filter_map(|one| accounts.index.find(&one.account.value));
    let targets = named.filter_map(|at| accounts.spots[at].as_ref()).map(|spot| spot.target);
    let cannot = targets.map(|at| run.targets[at].semantics).filter(|one| !one.people.creatable);
    let titles: BTreeSet<String> = cannot.map(|semantics| semantics.title.to_owned()).collect();
    let all = titles.is_empty();
    if !all {
        let titles: Vec<String> = titles.into_iter().collect();
        let said = format!("{} can't create people, only invite them", join(&titles, "and"));
        run.findings.push(Finding::error(said, object.place_of(span)).hint("leave `onboarding` out."));
    }
    all
}

/// Where a membership is and what it grants, if all that it names is right.
fn resolve_membership(
    run: &mut Run<'_>,
    accounts: &Accounts<'_>,
    roles: &Roles<'_>,
    object: &Object<Member>,
    membership: &Membership,
) -> Option<(Seat, DesiredMembership)> {
    let Membership { span, account, roles: names, expires_at } = membership;
    let Some(at) = accounts.index.find(&account.value) else {
        tell_unknown_account(run, accounts, object.place_of(account.span), &account.value);
        return None;
    };
    let seat = accounts.spots[at].as_ref()?;
    let mut desired = DesiredMembership {
        object: object.object(),
        place: object.place_of(*span),
        grants: Default::default(),
        removal: object.spec.removal.unwrap_or(run.targets[seat.target].desired.policy.removal.members),
    };
    let mut right = accounts.seats[at].is_some();
    for name in names {
        match roles.meaning(run, seat, name) {
            Meaning::Grant(grant) => drop(desired.grants.insert(grant, *expires_at)),
            Meaning::Frozen => right = false,
            Meaning::Unknown(finding) => {
                right = false;
                run.findings.push(Finding { places: vec![object.place_of(name.span)], ..*finding });
            }
        }
    }
    let semantics = run.targets[seat.target].semantics;
    if semantics.roles.combine == Combine::ExactlyOne && desired.grants.len() > 1 {
        let said = format!("a member of {} has exactly one role", semantics.title);
        run.findings.push(Finding::error(said, object.place_of(*span)).label("more than one is listed here"));
        right = false;
    }
    right.then(|| (seat.clone(), desired))
}

fn add_membership<'m>(
    run: &mut Run<'m>,
    email: &'m Email,
    seat: &Seat,
    desired: DesiredMembership,
    doubled: &mut Doubled<'m>,
) {
    let key = (seat.target, seat.path.clone(), email);
    if doubled.contains(&key) {
        return run.freeze_person(desired.object, email);
    }
    let memberships = &mut run.targets[seat.target].desired.memberships;
    let people = memberships.entry(seat.path.clone()).or_default();
    let Some(first) = people.remove(email) else {
        people.insert(email.clone(), desired);
        return;
    };
    doubled.insert(key);
    run.findings.push(
        Finding::error(format!("{email} has two declarations for {}", seat.path), first.place)
            .also_at(desired.place)
            .hint("keep one; both name the same person, e-mails compare in lower case."),
    );
    run.freeze_person(first.object, email);
    run.freeze_person(desired.object, email);
}

/// The ids of a person, by provider, and whether all of them are right.
fn identities(run: &mut Run<'_>, object: &Object<Member>) -> (Vec<(usize, PersonId)>, bool) {
    let mut found: Vec<(usize, PersonId)> = Vec::new();
    let mut right = true;
    for Identity { provider, id } in &object.spec.identities {
        match run.target(&provider.value, || object.place_of(provider.span)) {
            None => right = false,
            Some(target) if found.iter().any(|(other, _)| *other == target) => {
                let said = format!("there are two identities at {}", quoted(&provider.value));
                run.findings.push(Finding::error(said, object.place_of(provider.span)).hint("keep one."));
                right = false;
            }
            Some(target) => found.push((target, PersonId::from(id.value.as_str()))),
        }
    }
    (found, right)
}

fn add_person(
    run: &mut Run<'_>,
    object: &Object<Member>,
    email: &Email,
    target: usize,
    identity: Option<PersonId>,
    offboarded: bool,
    fields: Fields,
) {
    let place =
        object.spec.email.as_ref().map_or_else(|| object.place(), |email| object.place_of(email.span));
    let people = &mut run.targets[target].desired.people;
    let person = people.entry(email.clone()).or_insert_with(|| DesiredPerson {
        object: object.object(),
        place,
        offboarded,
        identity: None,
        fields: Default::default(),
        creation: None,
    });
    person.offboarded |= offboarded;
    if person.identity.is_none() {
        person.identity = identity;
    }
    if object.spec.create.is_some() && person.creation.is_none() {
        person.creation = Some(Box::new(Creation { password: object.spec.password.clone() }));
    }
    for (name, value) in fields {
        person.fields.entry(name).or_insert(value);
    }
}

/// The person's fields at one provider: those that it has, and those that none of the person's providers has, so that
/// its audit tells of them.
fn fields_at(run: &Run<'_>, object: &Object<Member>, target: usize, all: &[usize]) -> Fields {
    let has = |target: usize, name: &str| {
        run.targets[target].semantics.people.fields.iter().any(|rule| rule.name == name)
    };
    let here = |name: &str| has(target, name) || !all.iter().any(|other| has(*other, name));
    let fields = object.spec.fields.iter().filter(|(name, _)| here(name));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What all objects of each person say together.
struct People<'m> {
    /// People who should be nowhere, and the object that says so.
    offboarded: HashMap<&'m Email, &'m Object<Member>>,
    /// People of whom objects say different things; told.
    torn: HashSet<&'m Email>,
}

impl<'m> People<'m> {
    fn new(run: &mut Run<'_>, usable: &[(&'m Object<Member>, &'m Email)]) -> Self {
        let mut said: HashMap<(&'m Email, Topic<'m>), (Word<'m>, Place)> = HashMap::new();
        let mut people = Self { offboarded: HashMap::new(), torn: HashSet::new() };
        let mut told = HashSet::new();
        for (object, email) in usable {
            for (topic, word, span) in words(object) {
                if word == Word::Flag(true) {
                    people.offboarded.insert(*email, *object);
                }
                let place = object.place_of(span);
                let (first, first_place) =
                    said.entry((*email, topic)).or_insert_with(|| (word, place.clone()));
                if *first == word {
                    continue;
                }
                people.torn.insert(*email);
                if told.insert((*email, topic)) {
                    let message = format!("two declarations of {email} disagree about {topic}");
                    run.findings.push(
                        Finding::error(message, first_place.clone())
                            .also_at(place)
                            .hint("both name the same person, e-mails compare in lower case; say it once."),
                    );
                }
            }
        }
        people
    }
}

/// What can be said of a person whatever the account.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Topic<'m> {
    Offboarded,
    Identity(&'m str),
    Field(&'m str),
}

/// What is said.
#[derive(Clone, Copy, PartialEq)]
enum Word<'m> {
    Flag(bool),
    Text(&'m str),
    Value(&'m Value),
}

impl fmt::Display for Topic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offboarded => f.write_str("`offboarded`"),
            Self::Identity(provider) => write!(f, "the id at {provider}"),
            Self::Field(name) => write!(f, "`{name}`"),
        }
    }
}

fn words(object: &Object<Member>) -> impl Iterator<Item = (Topic<'_>, Word<'_>, Span)> {
    let Member { offboarded, identities, fields, .. } = &object.spec;
    let offboarded = offboarded.iter().map(|flag| (Topic::Offboarded, Word::Flag(flag.value), flag.span));
    let identities = identities.iter().map(|Identity { provider, id }| {
        (Topic::Identity(&provider.value), Word::Text(id.value.as_str()), id.span)
    });
    let fields =
        fields.iter().map(|(name, value)| (Topic::Field(name), Word::Value(value), object.name.span));
    offboarded.chain(identities).chain(fields)
}
