//! One change in a document.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use super::{
    Change, Op, Path,
    path::{Step, text_of},
};
use crate::keys;

/// A place in the document that a step can be taken from.
enum Place<'a> {
    Table(&'a mut Table),
    Item(&'a mut Item),
    Value(&'a mut Value),
}

/// What holds the last step.
enum Holder<'a> {
    Table(&'a mut Table),
    Inline(&'a mut InlineTable),
    List(&'a mut Array),
    Tables(&'a mut ArrayOfTables),
}

impl<'a> Place<'a> {
    fn take(self, step: &Step) -> Option<Self> {
        Some(match (self.holder()?, step) {
            (Holder::Table(table), Step::Key(key)) => Self::Item(table.get_mut(key)?),
            (Holder::Inline(table), Step::Key(key)) => Self::Value(table.get_mut(key)?),
            (Holder::List(list), Step::Index(index)) => Self::Value(list.get_mut(*index)?),
            (Holder::Tables(list), Step::Index(index)) => Self::Table(list.get_mut(*index)?),
            _ => return None,
        })
    }

    fn holder(self) -> Option<Holder<'a>> {
        Some(match self {
            Self::Table(table) | Self::Item(Item::Table(table)) => Holder::Table(table),
            Self::Item(Item::ArrayOfTables(list)) => Holder::Tables(list),
            Self::Value(Value::InlineTable(table)) | Self::Item(Item::Value(Value::InlineTable(table))) => {
                Holder::Inline(table)
            }
            Self::Value(Value::Array(list)) | Self::Item(Item::Value(Value::Array(list))) => {
                Holder::List(list)
            }
            _ => return None,
        })
    }
}

/// Makes `change`.
///
/// # Errors
/// Why it cannot be made, in words.
pub(super) fn make(document: &mut DocumentMut, change: &Change) -> Result<(), String> {
    let path = Path::parse(&change.path)?;
    let value = match change.op {
        Op::Remove if change.value.trim().is_empty() => None,
        Op::Remove => return Err("`remove` takes no value".to_owned()),
        Op::Set | Op::Add => Some(value(&change.value)?),
    };
    let (last, before) = path.split_last().ok_or("the path is empty")?;
    let is_root = before.is_empty();
    if let ([Step::Key(section)], Some(_)) = (before, &value)
        && !document.contains_key(section)
    {
        // The first of its section: whoever writes a treaty or an article need not write `[treaties]` or `[articles]` before.
        document.insert(section, Item::Table(Table::new()));
    }
    let mut place = Place::Table(document.as_table_mut());
    for (taken, step) in before.iter().enumerate() {
        let here = before.get(..=taken).unwrap_or(before);
        place = place.take(step).ok_or_else(|| format!("there is no {}", text_of(here)))?;
    }
    let holder = place.holder().ok_or_else(|| format!("{} holds a single value", text_of(before)))?;
    match (change.op, value, last) {
        (Op::Set, Some(value), Step::Key(key)) => set_key(holder, key, value, is_root),
        (Op::Set, Some(value), Step::Index(index)) => set_element(holder, *index, value),
        (Op::Add, Some(value), Step::Key(key)) => add(holder, key, value, is_root),
        (Op::Add, _, Step::Index(_)) => Err(format!("`add` appends to a list: add {} = …", text_of(before))),
        (_, _, Step::Key(key)) => remove_key(holder, key),
        (_, _, Step::Index(index)) => remove_element(holder, *index),
    }
}

/// Reads a value; the blanks and comments around it are not part of it.
fn value(text: &str) -> Result<Value, String> {
    let mut value: Value = text.trim().parse().map_err(|error: toml_edit::TomlError| {
        format!("`{}` is no value of TOML: {}", text.trim(), error.message().trim())
    })?;
    value.decor_mut().clear();
    Ok(value)
}

const NO_KEYS: &str = "it is a list: its elements are [0], [1] …";
const NO_ELEMENTS: &str = "it is a table: it has keys, no elements";

fn no_element(index: usize, len: usize) -> String {
    format!("there is no [{index}]: the list has {len} elements")
}

fn set_key(holder: Holder<'_>, key: &str, value: Value, is_root: bool) -> Result<(), String> {
    match holder {
        Holder::Table(table) => match table.get_mut(key) {
            Some(item) => replace(item, value),
            None => insert(table, key, value, is_root),
        },
        Holder::Inline(table) => match table.get_mut(key) {
            Some(old) => replace_value(old, value),
            None => keys::set(table, key, value),
        },
        Holder::List(_) | Holder::Tables(_) => return Err(NO_KEYS.to_owned()),
    }
    Ok(())
}

fn set_element(holder: Holder<'_>, index: usize, value: Value) -> Result<(), String> {
    match holder {
        Holder::List(list) => {
            let len = list.len();
            replace_value(list.get_mut(index).ok_or_else(|| no_element(index, len))?, value);
        }
        Holder::Tables(list) => {
            let len = list.len();
            let old = list.get_mut(index).ok_or_else(|| no_element(index, len))?;
            let Value::InlineTable(new) = value else {
                return Err("an element here is a table: { … }".to_owned());
            };
            replace_table(old, new);
        }
        Holder::Table(_) | Holder::Inline(_) => return Err(NO_ELEMENTS.to_owned()),
    }
    Ok(())
}

fn add(holder: Holder<'_>, key: &str, value: Value, is_root: bool) -> Result<(), String> {
    const THERE: &str = "it is there already: `set` replaces it";
    match holder {
        Holder::Table(table) => match table.get_mut(key) {
            None => insert(table, key, value, is_root),
            Some(Item::Value(Value::Array(list))) => push(list, value),
            Some(Item::ArrayOfTables(list)) => {
                let Value::InlineTable(new) = value else {
                    return Err("an element here is a table: { … }".to_owned());
                };
                list.push(new.into_table());
            }
            Some(_) => return Err(THERE.to_owned()),
        },
        Holder::Inline(table) => match table.get_mut(key) {
            None => keys::set(table, key, value),
            Some(Value::Array(list)) => push(list, value),
            Some(_) => return Err(THERE.to_owned()),
        },
        Holder::List(_) | Holder::Tables(_) => return Err(NO_KEYS.to_owned()),
    }
    Ok(())
}

fn remove_key(holder: Holder<'_>, key: &str) -> Result<(), String> {
    const ABSENT: &str = "it is not there";
    match holder {
        Holder::Table(table) => table.remove(key).map(drop).ok_or_else(|| ABSENT.to_owned()),
        Holder::Inline(table) => {
            let removed = table.remove(key).ok_or_else(|| ABSENT.to_owned())?;
            let last = table.iter().last().map(|(key, _)| key.to_owned());
            if let Some(last) = last.and_then(|key| table.get_mut(&key)) {
                keep_closing_blank(last, &removed);
            }
            Ok(())
        }
        Holder::List(_) | Holder::Tables(_) => Err(NO_KEYS.to_owned()),
    }
}

fn remove_element(holder: Holder<'_>, index: usize) -> Result<(), String> {
    match holder {
        Holder::List(list) => {
            if index >= list.len() {
                return Err(no_element(index, list.len()));
            }
            let removed = list.remove(index);
            match list.len().checked_sub(1) {
                Some(last) if last < index => {
                    if let Some(last) = list.get_mut(last) {
                        keep_closing_blank(last, &removed);
                    }
                }
                Some(_) if index == 0 => {
                    let prefix = removed.decor().prefix().cloned();
                    if let (Some(first), Some(prefix)) = (list.get_mut(0), prefix) {
                        first.decor_mut().set_prefix(prefix);
                    }
                }
                _ => {}
            }
        }
        Holder::Tables(list) => {
            if index >= list.len() {
                return Err(no_element(index, list.len()));
            }
            list.remove(index);
        }
        Holder::Table(_) | Holder::Inline(_) => return Err(NO_ELEMENTS.to_owned()),
    }
    Ok(())
}

/// Writes a key that was not there. A table gets a heading of its own where its neighbours have one.
fn insert(table: &mut Table, key: &str, value: Value, is_root: bool) {
    let headed = is_root || table.is_implicit();
    let item = match value {
        Value::InlineTable(inner) if headed => Item::Table(inner.into_table()),
        Value::Array(list) if headed && is_tables(&list) => Item::ArrayOfTables(tables(list)),
        value => Item::Value(value),
    };
    table.insert(key, item);
}

/// Writes over a key that is there, in the form it has.
fn replace(item: &mut Item, value: Value) {
    match (&mut *item, value) {
        (Item::Value(old), value) => replace_value(old, value),
        (Item::Table(old), Value::InlineTable(new)) => replace_table(old, new),
        (Item::ArrayOfTables(_), Value::Array(list)) if is_tables(&list) => {
            *item = Item::ArrayOfTables(tables(list));
        }
        (_, value) => *item = Item::Value(value),
    }
}

fn replace_value(old: &mut Value, mut new: Value) {
    *new.decor_mut() = old.decor().clone();
    *old = new;
}

/// What stands before the heading stays, such as a comment; what stood under it goes, sub-tables included.
fn replace_table(old: &mut Table, new: InlineTable) {
    let mut new = new.into_table();
    *new.decor_mut() = old.decor().clone();
    new.set_position(old.position());
    new.set_dotted(old.is_dotted());
    *old = new;
}

fn is_tables(list: &Array) -> bool {
    !list.is_empty() && list.iter().all(Value::is_inline_table)
}

fn tables(list: Array) -> ArrayOfTables {
    let mut tables = ArrayOfTables::new();
    for value in list {
        if let Value::InlineTable(table) = value {
            tables.push(table.into_table());
        }
    }
    tables
}

/// Appends to a list, on a line of its own if its neighbours have one.
fn push(list: &mut Array, mut value: Value) {
    let Some(last) = list.len().checked_sub(1).and_then(|last| list.get_mut(last)) else {
        list.push_formatted(value);
        return;
    };
    let decor = last.decor_mut();
    let prefix = decor.prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    let indent = prefix.rsplit_once('\n').map_or_else(|| " ".to_owned(), |(_, indent)| format!("\n{indent}"));
    let suffix = decor.suffix().cloned();
    if let Some(suffix) = suffix.filter(|suffix| suffix.as_str().is_some_and(|s| s.trim().is_empty())) {
        decor.set_suffix("");
        value.decor_mut().set_suffix(suffix);
    }
    value.decor_mut().set_prefix(indent);
    list.push_formatted(value);
}

/// The blank before a closing bracket belongs to the last value before it, so it has to move when that one goes.
fn keep_closing_blank(last: &mut Value, removed: &Value) {
    let is_bare = last.decor().suffix().and_then(|s| s.as_str()).is_none_or(str::is_empty);
    if let Some(suffix) = removed.decor().suffix().filter(|_| is_bare).cloned() {
        last.decor_mut().set_suffix(suffix);
    }
}
