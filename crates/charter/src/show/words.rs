//! Vocabulary: kinds, rights, durations and lists in both languages.

use crate::{Kind, Language, Rights, duration_text};

/// A kind of member, in the plural for a count other than one.
pub(super) const fn kind(kind: Kind, count: usize, language: Language) -> &'static str {
    match (language, kind, count == 1) {
        (Language::En, Kind::State, true) => "state",
        (Language::En, Kind::State, false) => "states",
        (Language::En, Kind::Igo, true) => "organisation of states",
        (Language::En, Kind::Igo, false) => "organisations of states",
        (Language::En, Kind::Ngo, true) => "non-governmental organisation",
        (Language::En, Kind::Ngo, false) => "non-governmental organisations",
        (Language::En, Kind::Subnational, true) => "city or region",
        (Language::En, Kind::Subnational, false) => "cities and regions",
        (Language::En, Kind::Expert, true) => "expert",
        (Language::En, Kind::Expert, false) => "experts",
        (Language::En, Kind::Enterprise, true) => "enterprise",
        (Language::En, Kind::Enterprise, false) => "enterprises",
        (Language::En, Kind::Individual, true) => "person",
        (Language::En, Kind::Individual, false) => "persons",
        (Language::Zh, Kind::State, _) => "国家",
        (Language::Zh, Kind::Igo, _) => "国家间组织",
        (Language::Zh, Kind::Ngo, _) => "非政府组织",
        (Language::Zh, Kind::Subnational, _) => "城市和地区",
        (Language::Zh, Kind::Expert, _) => "专家",
        (Language::Zh, Kind::Enterprise, _) => "企业",
        (Language::Zh, Kind::Individual, _) => "个人",
    }
}

/// What a set of rights lets its holder do.
pub(super) fn rights(rights: Rights, language: Language) -> String {
    let phrase = |right| match (language, right) {
        (Language::En, Rights::READ) => "read the record",
        (Language::En, Rights::WRITE) => "write entries in it",
        (Language::En, Rights::TRANSACT) => "exchange value and call contracts",
        (Language::En, Rights::PROPOSE) => "open proposals",
        (Language::En, Rights::VOTE) => "vote",
        (Language::En, Rights::VALIDATE) => "decide blocks",
        (Language::En, Rights::REPORT) => "report outside facts",
        (Language::En, _) => "keep parts of the archive",
        (Language::Zh, Rights::READ) => "阅读记录",
        (Language::Zh, Rights::WRITE) => "写入记录",
        (Language::Zh, Rights::TRANSACT) => "交换价值与调用合约",
        (Language::Zh, Rights::PROPOSE) => "提出提案",
        (Language::Zh, Rights::VOTE) => "投票",
        (Language::Zh, Rights::VALIDATE) => "验证区块",
        (Language::Zh, Rights::REPORT) => "报告外部事实",
        (Language::Zh, _) => "保管档案",
    };
    let held = Rights::ALL.into_iter().filter(|(right, _)| rights.contains(*right));
    list(&held.map(|(right, _)| phrase(right).to_owned()).collect::<Vec<_>>(), language)
}

/// `a, b and c`; `a、b和c`.
pub(super) fn list(items: &[String], language: Language) -> String {
    let (comma, and) = match language {
        Language::En => (", ", " and "),
        Language::Zh => ("、", "和"),
    };
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{}{and}{last}", first.join(comma)),
    }
}

/// A duration in words.
pub(super) fn duration(ms: u64, language: Language) -> String {
    let text = duration_text(ms);
    let (number, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let (one, many, zh) = match unit {
        "ms" => ("millisecond", "milliseconds", "毫秒"),
        "s" => ("second", "seconds", "秒"),
        "m" => ("minute", "minutes", "分钟"),
        "h" => ("hour", "hours", "小时"),
        _ => ("day", "days", "天"),
    };
    match language {
        Language::En => format!("{number} {}", if number == "1" { one } else { many }),
        Language::Zh => format!("{number} {zh}"),
    }
}

/// `words`, beginning with a capital letter.
pub(super) fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A whole number in groups of three: `37 168 339`. Anything else stays as it is.
pub(super) fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    if whole.len() <= 4 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return number.to_owned();
    }
    let digits = whole.char_indices().map(|(i, digit)| match i > 0 && (whole.len() - i).is_multiple_of(3) {
        true => format!("\u{a0}{digit}"),
        false => digit.to_string(),
    });
    digits.collect::<String>() + fraction
}
