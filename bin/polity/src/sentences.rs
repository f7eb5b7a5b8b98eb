//! Refusals of the assembly in sentences that say what to do.

use alloy_dyn_abi::DynSolValue;

use crate::abi::words_of;

/// The refusal `error` with these arguments as a sentence; `None` where its name and arguments say enough.
pub(crate) fn sentence(error: &str, arguments: &[DynSolValue]) -> Option<String> {
    let words: Vec<String> = arguments.iter().map(words_of).collect();
    let [a, b, ..] = [0, 1].map(|i| words.get(i).map_or("", String::as_str));
    Some(match error {
        "TrackTooMild" => format!("`{a}` is too mild for what the proposal calls: propose it on track `{b}`"),
        "UnknownTrack" => format!("there is no track or chamber `{a}`: see `polity tracks`"),
        "MandateNeeded" => format!("proposals on track `{a}` are opened under an external mandate only"),
        "NotADraft" => format!("proposal {a} is not a draft, or no longer"),
        "AlreadySponsor" => format!("{b} sponsors proposal {a} already, or proposed it"),
        "NotASponsor" => format!("{b} does not sponsor proposal {a}"),
        "WrongDeposit" => match a {
            "0" => "no deposit is asked for here, or it is paid already".to_owned(),
            _ => format!("the deposit is {} in full: {a} wei", amount(arguments)?),
        },
        "WrongSplit" => format!("the parts of a split ballot must sum to 10000, not to {a}"),
        "CannotCancel" => {
            format!(
                "{b} cannot cancel proposal {a}: only its proposer before the outcome, or a guardian in its time"
            )
        }
        "NotInElectorate" => format!("{b} has no vote on proposal {a}"),
        "Closed" => format!("proposal {a} takes no ballots now"),
        "EmptyElectorate" => format!("nobody sits in chamber `{a}` with the right to vote"),
        "UnknownProposal" => format!("there is no proposal {a}"),
        "UnknownStage" => format!("proposal {a} has no vote {b}"),
        "NotAMember" => format!("{a} acts for no member"),
        "NoRight" => format!("{a} has not the right to {b}"),
        _ => return None,
    })
}

/// The first argument as an amount of money.
fn amount(arguments: &[DynSolValue]) -> Option<String> {
    let (wei, _) = arguments.first()?.as_uint()?;
    Some(polity_charter::amount_text(wei))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Bytes, U256};
    use alloy_sol_types::SolError;
    use polity_institutions::assembly::IAssembly as sol;

    use crate::abi::{decode_error, name_word};

    #[test]
    fn refusals_say_what_to_do() {
        let word = |name| name_word(name).expect("a name");
        let (id, track) = (U256::from(3), word("talk"));
        let check = |data: Vec<u8>, expected: &str| {
            assert_eq!(decode_error(&Bytes::from(data)).as_deref(), Some(expected));
        };
        check(
            sol::TrackTooMild { track, required: word("money") }.abi_encode(),
            "`talk` is too mild for what the proposal calls: propose it on track `money`",
        );
        let expected = U256::from(10).pow(U256::from(18)) * U256::from(5);
        check(
            sol::WrongDeposit { expected, sent: U256::from(1) }.abi_encode(),
            "the deposit is 5 in full: 5000000000000000000 wei",
        );
        check(
            sol::WrongDeposit { expected: U256::ZERO, sent: U256::from(1) }.abi_encode(),
            "no deposit is asked for here, or it is paid already",
        );
        check(sol::NotInElectorate { id, member: word("FJI") }.abi_encode(), "FJI has no vote on proposal 3");
        check(sol::NotDue {}.abi_encode(), "NotDue()");
    }
}
