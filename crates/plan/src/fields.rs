//! Compares declared fields with actual ones, three-way with what was last applied.

use orgform_model::semantics::{FieldRule, Rule};
use orgform_model::{FieldChange, Fields, Value};

/// What differs.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Compared {
    /// Fields to write.
    pub(crate) edits: Vec<FieldChange>,
    /// Fields that were as declared when last applied, and are not any more.
    pub(crate) drift: Vec<FieldChange>,
    /// Fields that can't be made to match, and why.
    pub(crate) fixed: Vec<(FieldChange, String)>,
}

impl Compared {
    /// All fields to write when drift is corrected.
    pub(crate) fn all(&self) -> Vec<FieldChange> {
        let mut all: Vec<_> = self.edits.iter().chain(&self.drift).cloned().collect();
        all.sort();
        all
    }
}

/// Compares the declared keys only: an absent key is not managed.
pub(crate) fn compare(
    declared: &Fields,
    actual: &Fields,
    applied: Option<&Fields>,
    rules: &[FieldRule],
) -> Compared {
    let mut compared = Compared::default();
    for (field, to) in declared {
        let rule = rules.iter().find(|rule| rule.name == field).map_or(Rule::Plain, |rule| rule.rule);
        let last = applied.and_then(|applied| applied.get(field));
        let from = match rule {
            Rule::WriteOnly => last,
            Rule::Plain | Rule::Immutable | Rule::OneWay { .. } => actual.get(field),
        };
        if same(from, Some(to)) {
            continue;
        }
        let change = FieldChange { field: field.clone(), from: from.cloned(), to: Some(to.clone()) };
        match rule {
            Rule::Immutable => {
                compared.fixed.push((change, format!("`{field}` is fixed when it is made")));
            }
            Rule::OneWay { to: end } if from.and_then(Value::as_text) == Some(end) => {
                compared.fixed.push((change, format!("`{field}` stays at {end} once it is there")));
            }
            Rule::Plain | Rule::OneWay { .. } if last == Some(to) => compared.drift.push(change),
            Rule::Plain | Rule::OneWay { .. } | Rule::WriteOnly => compared.edits.push(change),
        }
    }
    compared
}

/// Absent and empty are the same.
pub(crate) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    a.filter(|value| !value.is_empty()) == b.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgform_model::semantics::Shape;

    const RULES: &[FieldRule] = &[
        rule("name", Rule::Plain),
        rule("secret", Rule::WriteOnly),
        rule("region", Rule::Immutable),
        rule("consent", Rule::OneWay { to: "Accepted" }),
    ];

    const fn rule(name: &'static str, rule: Rule) -> FieldRule {
        FieldRule { name, title: name, shape: Shape::Text, rule, max: None, own_call: false }
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), Value::text(*text))).collect()
    }

    #[test]
    fn an_absent_key_is_not_managed_and_an_empty_one_is_absent() {
        let actual = fields(&[("name", "Acme"), ("other", "x")]);
        assert_eq!(
            compare(&fields(&[("name", "Acme"), ("note", "")]), &actual, None, RULES),
            Compared::default()
        );
    }

    #[test]
    fn what_was_as_declared_when_applied_has_drifted() {
        let declared = fields(&[("name", "Acme")]);
        let compared = compare(&declared, &fields(&[("name", "Evil")]), Some(&declared), RULES);
        assert_eq!((compared.edits.len(), compared.drift.len()), (0, 1));
        let edited =
            compare(&declared, &fields(&[("name", "Old")]), Some(&fields(&[("name", "Old")])), RULES);
        assert_eq!((edited.edits.len(), edited.drift.len()), (1, 0));
    }

    #[test]
    fn a_write_only_field_is_compared_with_what_was_applied() {
        let declared = fields(&[("secret", "a")]);
        assert_eq!(compare(&declared, &Fields::new(), Some(&declared), RULES), Compared::default());
        assert_eq!(compare(&declared, &Fields::new(), None, RULES).edits.len(), 1);
    }

    #[test]
    fn what_can_not_be_changed_is_told() {
        let immutable = compare(&fields(&[("region", "eu")]), &fields(&[("region", "us")]), None, RULES);
        assert_eq!(immutable.fixed.len(), 1);
        let back = compare(&fields(&[("consent", "Open")]), &fields(&[("consent", "Accepted")]), None, RULES);
        assert_eq!(back.fixed.len(), 1);
    }
}
