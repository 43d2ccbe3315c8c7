//! A Member that declares no membership: how it stands, and what of its status holds no longer. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use orgform_model::ObjectKind;
use serde_json::{Value, json};

use crate::board::to_value;
use crate::conditions::{Stand, Standing};
use crate::object::Object;

/// How a living Member stands that declares no membership; none for any other object. `remembered` says whether
/// something is left of what it declared before.
pub(crate) fn standing(object: &Object, remembered: bool) -> Option<Standing> {
    if object.key.kind != ObjectKind::Member || object.dying {
        return None;
    }
    let text: Value = serde_json::from_str(&object.text).unwrap_or_default();
    let spec = &text["spec"];
    let memberships = spec["memberships"].as_array();
    if memberships.is_some_and(|all| !all.is_empty()) || spec["offboarded"] == json!(true) {
        return None;
    }
    let said = match (memberships, remembered) {
        (None, true) => {
            "This Member has no `memberships`, so they are not managed: what it declared before stays as it is. Write \
             `memberships: []` to take that away, or `offboarded: true` if the person should be nowhere."
        }
        (None, false) => {
            "This Member has no `memberships`, so it gives nobody access. If the person should be nowhere, write \
             `offboarded: true`."
        }
        (Some(_), true) => "This Member declares no membership; what it declared before is not all gone yet.",
        (Some(_), false) => {
            "This Member declares no membership, and nothing is left of what it declared before."
        }
    };
    Some(Standing::new(Stand::Ready, "NothingDeclared", said))
}

/// The status of a Member that no Provider has a part in.
pub(crate) fn said(
    object: Arc<Object>,
    standing: Standing,
    now: Timestamp,
) -> (Arc<Object>, Standing, Value) {
    let status = json!({
        "summary": { "providers": "", "accounts": "", "roles": "", "invite": "" },
        "observedGeneration": object.generation,
        "conditions": to_value(&standing.conditions(&object, now)),
    });
    (object, standing, status)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use orgform_model::ObjectRef;

    use super::*;
    use crate::status::Status;

    fn member(spec: Value) -> Arc<Object> {
        Arc::new(Object {
            key: ObjectRef {
                kind: ObjectKind::Member,
                namespace: Some(Arc::from("org")),
                name: Arc::from("ada"),
            },
            uid: "1".to_owned(),
            generation: 2,
            created: Timestamp::UNIX_EPOCH,
            dying: false,
            kept: true,
            annotations: BTreeMap::new(),
            text: Arc::from(json!({ "spec": spec }).to_string()),
            elsewhere: BTreeSet::new(),
            status: Status::new(
                &json!({ "memberships": [{ "account": "acme" }], "summary": { "roles": "admin" } }),
            ),
        })
    }

    #[test]
    fn a_member_that_declares_no_membership_says_so_and_shows_none() {
        for spec in [json!({ "email": "ada@acme.example" }), json!({ "memberships": [] })] {
            let object = member(spec);
            let standing = standing(&object, false).unwrap();
            assert_eq!((standing.stand.clone(), &*standing.reason), (Stand::Ready, "NothingDeclared"));
            let (_, _, status) = said(object, standing, Timestamp::UNIX_EPOCH);
            assert_eq!(status.get("memberships"), None);
            assert_eq!((&status["summary"]["roles"], &status["observedGeneration"]), (&json!(""), &json!(2)));
        }
        for spec in [json!({ "memberships": [{}] }), json!({ "offboarded": true })] {
            assert_eq!(standing(&member(spec), false), None);
        }
    }
}
