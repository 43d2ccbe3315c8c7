//! Which request goes where.

use crate::log::Kind;

use super::world::Place;

/// One endpoint of an API.
pub(crate) struct Endpoint<H> {
    pub(crate) method: &'static str,
    /// The path with parameter names in braces.
    pub(crate) template: &'static str,
    pub(crate) kind: Kind,
    /// How it answers.
    pub(crate) handler: H,
}

/// Where a path leads.
pub(crate) enum Found<H: 'static> {
    /// To an endpoint, with the parameters of the path as they were sent.
    Endpoint(&'static Endpoint<H>, Vec<String>),
    /// The path exists, not the method.
    OtherMethod(&'static str),
    Nothing,
}

impl<H> Found<H> {
    /// What the log calls it.
    pub(crate) fn place(&self, method: &str) -> Place {
        let by_method = if matches!(method, "GET" | "HEAD" | "OPTIONS") { Kind::Read } else { Kind::Write };
        match self {
            Found::Endpoint(endpoint, _) => Place { template: endpoint.template, kind: endpoint.kind },
            Found::OtherMethod(template) => Place { template, kind: by_method },
            Found::Nothing => Place { template: "unknown", kind: by_method },
        }
    }
}

/// Looks for the endpoint of a request.
pub(crate) fn find<H>(endpoints: &'static [Endpoint<H>], method: &str, path: &str) -> Found<H> {
    let mut other = None;
    for endpoint in endpoints {
        let Some(params) = params(endpoint.template, path) else { continue };
        if endpoint.method == method {
            return Found::Endpoint(endpoint, params);
        }
        // The first is the one that says most: a path that is spelt out stands before one with a parameter.
        other = other.or(Some(endpoint.template));
    }
    other.map_or(Found::Nothing, Found::OtherMethod)
}

/// The methods that a path has, as the `Allow` header of a 405 lists them (RFC 9110, section 15.5.6).
pub(crate) fn allowed<H>(endpoints: &[Endpoint<H>], template: &str) -> String {
    let methods = endpoints.iter().filter(|endpoint| endpoint.template == template);
    methods.map(|endpoint| endpoint.method).collect::<Vec<_>>().join(", ")
}

fn params(template: &str, path: &str) -> Option<Vec<String>> {
    let mut wanted = template.split('/');
    let mut found = path.split('/');
    let mut params = Vec::new();
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(params),
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => {
                params.push(value.to_owned())
            }
            (Some(segment), Some(value)) if segment == value => {}
            _ => return None,
        }
    }
}
