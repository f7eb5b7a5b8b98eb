//! Bonds, rewards, standing and offences as those outside read them, without gas.
