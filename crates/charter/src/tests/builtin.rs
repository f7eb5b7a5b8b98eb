//! The charters that come with the program, and the facts of Paris.

use super::checked;
use crate::{BUILTIN, DEV_NODES_MAX, Error, builtin, dev, template};

#[test]
fn built_in_charters_and_the_template_have_neither_errors_nor_warnings() {
    let texts = BUILTIN.iter().map(|name| builtin(name).unwrap()).chain([template()]);
    for text in texts {
        let checked = checked(text);
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
    }
    assert_eq!(builtin("london"), None);
}
