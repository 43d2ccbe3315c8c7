//! What a Provider asks somebody for, as commands to copy; and what was asked of it that fits nothing.

use orgform_plan::{Cause, ChangeKind, Held, Plan, PlannedChange};

use super::{BTreeSet, ObjectRef, Offer, One, Pass, Releases, object_of};
use crate::annotations;
use crate::object::Object;

/// How many groups are told of.
const GROUPS: usize = 8;

/// How many objects are named.
const NAMED: usize = 5;

impl Pass<'_> {
    /// What is held and why, and how to keep everybody or let them go.
    pub(super) fn held(&self, one: &One, held: &[Held]) -> String {
        let releases = annotations::releases(&self.object);
        let is_spent = |digest: &str| {
            self.memory
                .with(|state| state.is_some_and(|state| state.spent.keys().any(|one| names(digest, one))))
        };
        let misfits = misfits(&releases, held, is_spent);
        let hurdles: Vec<Hurdles> =
            self.made_of(one, held).iter().take(GROUPS).map(|made| made.hurdles.clone()).collect();
        held_text(&self.object, held, &hurdles, &misfits)
    }

    /// What each held group is made of.
    pub(super) fn made_of(&self, one: &One, held: &[Held]) -> Vec<Made> {
        let dying: BTreeSet<&ObjectRef> =
            self.objects.iter().filter(|object| object.dying).map(|object| &object.key).collect();
        let mut all: Vec<Made> = self.memory.with(|state| {
            let of = |change: &PlannedChange| object_of(&change.address, &one.desired, state);
            held.iter().map(|group| made_of(&group.changes, of, &dying)).collect()
        });
        let edits: Vec<(BTreeSet<ObjectRef>, BTreeSet<String>)> =
            all.iter().map(|made| (made.dying.clone(), made.hurdles.edits.clone())).collect();
        for made in &mut all {
            // What is let go of here is gone from the other group too, and leaves its edits alone there.
            let shared = edits.iter().filter(|(dying, _)| !dying.is_disjoint(&made.dying));
            shared.for_each(|(_, edits)| made.hurdles.edits.extend(edits.iter().cloned()));
        }
        all
    }

    /// How to agree to a plan.
    pub(super) fn approval(&self, plan: &Plan, offers: &[Offer]) -> String {
        let changes = match plan.changes.len() {
            1 => "1 change waits".to_owned(),
            more => format!("{more} changes wait"),
        };
        let named = annotations::approved(&self.object);
        let misfit = named.filter(|named| !offers.iter().any(|offer| offer.digest == *named));
        let misfit = misfit.map_or_else(String::new, |named| {
            format!(" The annotation orgform.dev/approve fits no plan that was shown lately: `{named}`.")
        });
        let approve = annotations::command(&self.object, &format!("approve={}", plan.digest.as_str()));
        format!("{changes} for approval.{misfit} Read `status.changes`, then agree: `{approve}`.")
    }
}

/// What a held group is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// Deleted objects, which can be let go of.
    pub(super) dying: BTreeSet<ObjectRef>,
    /// What letting go of them would not keep.
    pub(super) hurdles: Hurdles,
}

/// What takes something away in a held group and is no deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hurdles {
    /// Objects that were edited: without the deletions their share might be small enough to go by itself.
    pub(super) edits: BTreeSet<String>,
    /// Memberships that were never declared, in an account under authority: they wait for consent, however few.
    pub(super) undeclared: BTreeSet<String>,
}

/// Sorts the changes of one group.
fn made_of(
    changes: &[PlannedChange],
    of: impl Fn(&PlannedChange) -> Option<ObjectRef>,
    dying: &BTreeSet<&ObjectRef>,
) -> Made {
    let mut made = Made::default();
    for change in changes {
        let object = of(change);
        let takes = !change.losers.is_empty() || change.kind == ChangeKind::Remove;
        match object {
            Some(object) if change.cause == Cause::Undeclared && dying.contains(&object) => {
                made.dying.insert(object);
            }
            // What only waits for the group takes nothing; a key that was replaced is one that somebody asked to go.
            _ if !takes || change.cause == Cause::Replaced => {}
            _ if change.cause == Cause::Authority => {
                made.hurdles.undeclared.insert(change.address.to_string());
            }
            Some(object) => {
                let name = format!("{}/{}", object.kind.as_str().to_lowercase(), object.name);
                made.hurdles.edits.insert(name);
            }
            None => {
                made.hurdles.edits.insert(change.address.to_string());
            }
        }
    }
    made
}

/// How many objects have an error, and the first of them.
pub(super) fn invalid(objects: &[&Object]) -> String {
    let name = |one: &&Object| format!("{}/{}", one.key.kind.as_str().to_lowercase(), one.key.name);
    let named = some_of(&objects.iter().map(name).collect::<Vec<_>>());
    match objects.len() {
        1 => format!("1 object has an error: {named}; its status says which."),
        more => format!("{more} objects have an error: {named}; their status says which."),
    }
}

/// The first names, and how many more there are.
fn some_of(names: &[String]) -> String {
    let mut named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        named.push_str(&format!(", and {} more", names.len() - NAMED));
    }
    named
}

/// `hurdles` has for each of the first groups what is no deletion in it.
fn held_text(provider: &Object, held: &[Held], hurdles: &[Hurdles], misfits: &[String]) -> String {
    let of = |group: &Held| {
        group.account.as_ref().map_or_else(|| "in total: ".to_owned(), |path| format!("{path}: "))
    };
    let groups = held.iter().take(GROUPS);
    let because: Vec<String> =
        groups.clone().map(|group| format!("{}{}", of(group), group.because)).collect();
    let mut said = format!("Held: {}.", because.join("; "));
    if !misfits.is_empty() {
        said.push_str(&format!(
            " The annotation orgform.dev/release fits nothing that is held: `{}`.",
            misfits.join(",")
        ));
    }
    for (group, Hurdles { edits, undeclared }) in groups.zip(hurdles) {
        let release =
            |what: &str| annotations::command(provider, &format!("release={what}={}", group.digest.as_str()));
        let of = if held.len() > 1 { of(group) } else { String::new() };
        let keep = if !edits.is_empty() {
            // Undone alone, the rest might be within the limit, and go.
            format!(
                "Not all of it is of deleted objects, so `keep` does nothing. To keep everybody, in this order: `{}`, undo \
                 the edits of {}, annotate each deleted object with orgform.dev/keep=true, `{}`.",
                annotations::command(provider, "paused=true"),
                some_of(&edits.iter().cloned().collect::<Vec<_>>()),
                annotations::command(provider, "paused-"),
            )
        } else if !undeclared.is_empty() {
            "To keep everybody: declare them, or take the account out of `authoritative`.".to_owned()
        } else {
            format!("To let go of deleted objects and keep everybody at the provider: `{}`.", release("keep"))
        };
        said.push_str(&format!(" {of}{keep} To let exactly this go: `{}`.", release("remove")));
    }
    if held.len() > 1 {
        said.push_str(" For several at once, write what follows `release=` with commas between.");
    }
    said
}

/// What a release says that names neither a held group nor one that was dealt with.
fn misfits(releases: &Releases, held: &[Held], is_spent: impl Fn(&str) -> bool) -> Vec<String> {
    let is_held = |named: &String| held.iter().any(|group| group.digest.is_named(named));
    let keep = releases.keep.iter().filter(|one| !is_held(one) && !is_spent(&format!("keep={one}")));
    let remove = releases.remove.iter().filter(|one| !is_held(one) && !is_spent(one));
    let keep = keep.map(|one| format!("keep={one}"));
    keep.chain(remove.map(|one| format!("remove={one}"))).chain(releases.unknown.iter().cloned()).collect()
}

/// Whether somebody meant this digest that is spent, by its beginning perhaps.
fn names(text: &str, spent: &str) -> bool {
    let text = text.trim_end_matches('…');
    text.len() > "keep=sha256:".len() && spent.starts_with(text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgform_model::{ObjectKind, ObjectRef};
    use orgform_plan::Digest;

    use super::*;

    fn object(kind: ObjectKind, name: &str) -> Object {
        Object::bare(ObjectRef { kind, namespace: Some(Arc::from("org")), name: Arc::from(name) })
    }

    fn group(of: &str) -> Held {
        Held {
            account: Some(of.into()),
            because: "too many".to_owned(),
            digest: Digest::of(of),
            changes: vec![],
        }
    }

    #[test]
    fn what_is_held_comes_with_commands_to_copy_keeping_first() {
        let group = group("acme");
        let digest = group.digest.as_str().to_owned();
        let said = held_text(
            &object(ObjectKind::Provider, "pureport"),
            &[group],
            &[Hurdles::default()],
            &["keep=DIGEST".to_owned()],
        );
        let command = "kubectl annotate oprov pureport -n org --overwrite orgform.dev/release";
        let (keep, remove) = (format!("`{command}=keep={digest}`"), format!("`{command}=remove={digest}`"));
        assert!(said.find(&keep).unwrap() < said.find(&remove).unwrap(), "{said}");
        assert!(said.starts_with("Held: acme: too many. The annotation"), "{said}");
        assert!(said.contains("fits nothing that is held: `keep=DIGEST`."), "{said}");
    }

    #[test]
    fn what_deletions_alone_do_not_explain_can_only_go_or_be_undone() {
        let said =
            |hurdles| held_text(&object(ObjectKind::Provider, "pureport"), &[group("acme")], &[hurdles], &[]);
        let edits = ["member/ada".to_owned()].into();
        let edited = said(Hurdles { edits, ..Hurdles::default() });
        let (pause, undo) =
            (edited.find("orgform.dev/paused=true`"), edited.find("undo the edits of member/ada"));
        assert!(pause.unwrap() < undo.unwrap() && undo < edited.find("orgform.dev/paused-`"), "{edited}");
        assert!(!edited.contains("release=keep") && edited.contains("release=remove"), "{edited}");
        let undeclared = ["pureport/acme:member/eve@acme.example".to_owned()].into();
        let there = said(Hurdles { undeclared, ..Hurdles::default() });
        assert!(there.contains("declare them, or take the account out of `authoritative`"), "{there}");
        assert!(!there.contains("edits") && !there.contains("release=keep"), "{there}");
    }

    #[test]
    fn a_release_that_fits_nothing_is_told_and_one_that_was_carried_out_is_not() {
        let held = [group("acme")];
        let digest = held[0].digest.as_str();
        let (short, long) = (digest[..11].to_owned(), digest[..19].to_owned());
        let said = |keep: &str, remove: &str| {
            let releases = Releases {
                keep: [keep.to_owned()].into(),
                remove: [remove.to_owned()].into(),
                unknown: vec![],
            };
            let (kept, gone) = (Digest::of("kept"), Digest::of("gone"));
            let spent = [format!("keep={}", kept.as_str()), gone.as_str().to_owned()];
            misfits(&releases, &held, |text| spent.iter().any(|one| names(text, one)))
        };
        assert_eq!(said(&long, digest), Vec::<String>::new());
        assert_eq!(said(&short, "DIGEST"), [format!("keep={short}"), "remove=DIGEST".to_owned()]);
        assert_eq!(said(Digest::of("kept").as_str(), Digest::of("gone").as_str()), Vec::<String>::new());
        assert_eq!(said(Digest::of("gone").as_str(), "sha256:").len(), 2, "it went, and nobody was kept");
    }

    #[test]
    fn the_first_objects_in_error_are_named() {
        let objects: Vec<Object> =
            (0..7).map(|number| object(ObjectKind::Member, &format!("p{number}"))).collect();
        let all: Vec<&Object> = objects.iter().collect();
        assert_eq!(invalid(&all[..1]), "1 object has an error: member/p0; its status says which.");
        let said = "7 objects have an error: member/p0, member/p1, member/p2, member/p3, member/p4, and 2 more; their \
                    status says which.";
        assert_eq!(invalid(&all), said);
    }
}
