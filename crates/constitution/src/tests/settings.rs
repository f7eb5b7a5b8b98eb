//! Settings as the chain keeps them.

use polity_primitives::U256;

use super::*;

#[test]
fn the_default_is_kept_as_it_always_was() {
    let json =
        r#"{"write":{"by":"membership","primary":"rotation"},"incentive":{},"verification":{"by":"all"}}"#;
    assert_eq!(serde_json::to_string(&Settings::default()).expect("JSON"), json);
    assert_eq!(serde_json::from_str::<Settings>(json).expect("settings"), Settings::default());
    assert_eq!(serde_json::from_str::<Settings>("{}").expect("settings"), Settings::default());
}

#[test]
fn every_setting_survives_json() {
    let share = |num, den| Share { num, den };
    let standing = Standing {
        start: 3,
        write: 1,
        absent: -2,
        double_sign: -100,
        invalid: -90,
        suspend_below: Some(0),
        expel_below: Some(-500),
        max: Some(1_000),
    };
    let rich = Incentive {
        reward: U256::from(2u8) * U256::from(10u8).pow(U256::from(18u8)),
        fees: FeesTo::Treasury,
        account: Some("common".into()),
        pledge: U256::MAX,
        unbonding: 7,
        vesting: 8,
        slash: Slash { double_sign: share(1, 2), invalid: share(1, 3), downtime: share(1, 100), after: 50 },
        forfeited: Forfeited::Reporter,
        share: share(1, 20),
        standing: Some(standing),
    };
    let id = |id: &str| id.to_owned();
    let writes = [
        WriteRight::Membership { primary: Primary::Random },
        WriteRight::Membership { primary: Primary::Elected { chamber: id("presidency") } },
        WriteRight::Membership { primary: Primary::Appointed { order: vec![id("de"), id("fr")] } },
        WriteRight::Stake { min: U256::from(100u8) },
        WriteRight::Delegation { seats: 21, term: 604_800, chamber: None },
        WriteRight::Delegation { seats: 21, term: 604_800, chamber: Some(id("delegates")) },
        WriteRight::Work(Work { interval: 15, confirmations: 6, checkpoint: 100, difficulty: u64::MAX }),
    ];
    let verifications = [
        Verification::All,
        Verification::Delegates { chamber: id("verifiers") },
        Verification::Supervisors { members: vec![id("un")] },
    ];
    for write in writes {
        for verification in &verifications {
            let settings = Settings {
                write: write.clone(),
                incentive: rich.clone(),
                verification: verification.clone(),
            };
            let json = serde_json::to_string(&settings).expect("JSON");
            assert_eq!(serde_json::from_str::<Settings>(&json).expect(&json), settings, "{json}");
        }
    }
}

#[test]
fn unknown_settings_are_no_settings() {
    for json in [
        r#"{"write":{"by":"lottery"}}"#,
        r#"{"write":{"by":"membership","primary":"eldest"}}"#,
        r#"{"incentive":{"bribe":"1"}}"#,
        r#"{"clock":"wall"}"#,
    ] {
        assert!(serde_json::from_str::<Settings>(json).is_err(), "{json}");
    }
}

#[test]
fn the_engine_follows_the_right_to_write() {
    let work = Work { interval: 15, confirmations: 6, checkpoint: 100, difficulty: 1 };
    let settings = Settings { write: WriteRight::Work(work), ..Settings::default() };
    assert_eq!((settings.engine(), Settings::default().engine()), (EngineKind::Work, EngineKind::Bft));
}

proptest! {
    #[test]
    fn a_share_is_a_part_rounded_down(num in 0u64..=u64::MAX, den in 0u64..=u64::MAX, amount in any::<u128>()) {
        let part = Share { num, den }.of(U256::from(amount));
        let expected = if den == 0 { U256::ZERO } else {
            U256::from(amount) * U256::from(num.min(den)) / U256::from(den)
        };
        prop_assert_eq!(part, expected);
    }

    #[test]
    fn no_share_of_any_amount_overflows(num in any::<u64>(), den in any::<u64>(), limbs in any::<[u64; 4]>()) {
        let amount = U256::from_limbs(limbs);
        let part = Share { num, den }.of(amount);
        prop_assert!(part <= amount);
    }
}
