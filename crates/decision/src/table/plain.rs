//! Cases as they lie in `charters/rules/cases/`: the rule's id, sources, what all ballots files share (`base`), and for
//! each case its `id`, what its `file` adds or replaces, and what is known of the outcome (`expect`) and its `limbs`.

use serde_json::{Map, Value};

use super::{CASES_MAX, Case, Known, Unread, id_of, list};

pub(super) fn cases(file: &Value) -> Result<Vec<Case>, Unread> {
    let rule = file.get("rule").and_then(Value::as_str).unwrap_or_default();
    let base = file.get("base").and_then(Value::as_object).cloned().unwrap_or_default();
    let cases = list(file, "cases")?.iter().take(CASES_MAX).enumerate();
    cases.map(|(i, case)| read(case, i, rule, &base)).collect()
}

fn read(case: &Value, index: usize, rule: &str, base: &Map<String, Value>) -> Result<Case, Unread> {
    let place = index.to_string();
    let part = |key: &str| case.get(key).and_then(Value::as_object);
    let mut ballots = base.clone();
    for (key, value) in part("file").ok_or_else(|| Unread::at(&["cases", &place], "a case needs a `file`"))? {
        ballots.insert(key.clone(), value.clone());
    }
    let expected = part("expect").ok_or_else(|| Unread::at(&["cases", &place], "a case needs `expect`"))?;
    let mut known: Vec<Known> =
        expected.iter().map(|(key, value)| Known::Field(key.clone(), value.clone())).collect();
    for (limb, fields) in part("limbs").into_iter().flatten() {
        for (field, value) in fields.as_object().into_iter().flatten() {
            known.push(Known::Limb { limb: limb.clone(), field: field.clone(), value: value.clone() });
        }
    }
    Ok(Case { id: id_of(case, index), rule: rule.to_owned(), ballots: Value::Object(ballots), known })
}
