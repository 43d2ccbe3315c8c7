//! Reads the content of an `ApiKey`.

use std::sync::Arc;

use orgform_model::{SecretPlace, Value};

use super::fields::{API_KEY, SECRET_FILE, SECRET_PLACE};
use super::member::warn_of_repetition;
use super::provider::{REMOVAL_OF_THINGS, key_of_secret};
use super::{filled, not_empty, reference};
use crate::manifest::{ApiKey, At};
use crate::near::any_of;
use crate::walk::{Fields, Walk};
use crate::yaml::{Node, Value as Written};

pub(super) fn api_key(walk: &mut Walk<'_>, node: &Node) -> Option<ApiKey> {
    let fields = walk.fields(node, API_KEY)?;
    let mut key = ApiKey {
        account: walk.need(&fields, "accountRef", reference),
        roles: walk.opt(&fields, "roles", roles),
        secret_to: walk.opt(&fields, "writeSecretTo", secret_place),
        removal: walk.opt(&fields, "removal", |walk, node| walk.choice(node, REMOVAL_OF_THINGS)),
        external_id: walk.opt(&fields, "externalId", filled),
        ..ApiKey::default()
    };
    let mut set = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            key.fields.insert(name.to_owned(), value);
            key.field_spans.push((name, fields.key_span(name)));
        }
    };
    set("displayName", walk.opt(&fields, "displayName", filled).map(|text| Value::text(text.value)));
    set("description", walk.opt(&fields, "description", Walk::text).map(|text| Value::text(text.value)));
    needs_a_place(walk, &fields);
    Some(key)
}

/// The secret is shown once, so nobody may be left to find out afterwards that it went nowhere.
fn needs_a_place(walk: &mut Walk<'_>, fields: &Fields<'_>) {
    if fields.entry("writeSecretTo").is_none() && fields.entry("externalId").is_none() {
        walk.error(fields.span, "nobody says where the secret of this key goes").hint = Some(
            "it is shown once, when the key is made: write `writeSecretTo: { file: { path: .orgform/keys/NAME } }`, \
             or name a key that exists with `externalId`."
                .to_owned(),
        );
    }
}

fn roles(walk: &mut Walk<'_>, node: &Node) -> Option<Vec<At<Arc<str>>>> {
    let roles = not_empty(walk, node, |walk, node| {
        filled(walk, node).map(|role| At { value: Arc::<str>::from(role.value), span: role.span })
    })?;
    warn_of_repetition(walk, &roles);
    Some(roles)
}

/// Where a secret is put. What is written in place of that may be the secret, and is never shown.
fn secret_place(walk: &mut Walk<'_>, node: &Node) -> Option<At<SecretPlace>> {
    walk.secretly(|walk| place(walk, node)).map(|value| At { value, span: node.span })
}

fn place(walk: &mut Walk<'_>, node: &Node) -> Option<SecretPlace> {
    if matches!(node.value, Written::Scalar { .. }) {
        let said = format!("{} must say where the secret goes", walk.here());
        walk.error(node.span, said).hint = Some("write `{ file: { path: PATH } }`.".to_owned());
        return None;
    }
    let fields = walk.fields(node, SECRET_PLACE)?;
    let file = walk.opt(&fields, "file", |walk, node| {
        let fields = walk.fields(node, SECRET_FILE)?;
        let path = walk.need(&fields, "path", filled)?.value;
        Some(SecretPlace::File { path: path.trim_start_matches("./").to_owned() })
    });
    let key = walk.opt(&fields, "secretKeyRef", |walk, node| {
        let (name, key) = key_of_secret(walk, node, "use `{ file: { path: PATH } }` in files.")?;
        Some(SecretPlace::SecretKeyRef { name, key })
    });
    if SECRET_PLACE.iter().filter(|name| fields.entry(name).is_some()).count() != 1 {
        let said = format!("{} needs exactly one of {}", walk.here(), any_of(SECRET_PLACE));
        walk.error(fields.span, said);
    }
    if let (Some(_), Some(_)) = (&file, &walk.file.namespace) {
        walk.error(fields.span, "in a cluster a secret goes to a Secret").hint =
            Some("write `{ secretKeyRef: { name, key } }`.".to_owned());
        return None;
    }
    file.or(key)
}
