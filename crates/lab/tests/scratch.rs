use polity_lab::{Spec, run};
#[test]
fn scratch() {
    let get = |k: &str| std::env::var(k).unwrap_or_default();
    let spec = Spec::parse(&std::fs::read_to_string(get("SPEC")).unwrap()).unwrap();
    let (a, b): (u64, u64) = (get("FROM").parse().unwrap(), get("TO").parse().unwrap());
    let quiet = !get("QUIET").is_empty();
    let next = std::sync::atomic::AtomicU64::new(a);
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= b {
                        return;
                    }
                    let lines: Option<Box<dyn std::io::Write>> = match get("TRACE").as_str() {
                        "" => None,
                        p => Some(Box::new(std::io::BufWriter::new(std::fs::File::create(p).unwrap()))),
                    };
                    let r = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        run(&spec, seed, lines).unwrap()
                    }));
                    match r {
                        Ok(r) => {
                            if !quiet || !r.is_good() {
                                println!("{r}")
                            }
                        }
                        Err(_) => println!("PANIC seed {seed}"),
                    }
                }
            });
        }
    });
}
