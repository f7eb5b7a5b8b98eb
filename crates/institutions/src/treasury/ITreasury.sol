// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The treasury: named accounts that anyone may pay into and that pay only by decision of the members.
///
/// It lives at 0x0000000000000000000000000000000000001004. Names are ASCII strings of up to 31 characters
/// A-Z a-z 0-9 . _ - in a bytes32, left-aligned and padded with zeros. Amounts are in wei. Value sent without call data
/// goes to the account "general". Besides the errors below, every function may answer with those of IInstitution.
interface ITreasury {
    struct Account { bytes32 name; uint256 balance; }

    event AccountOpened(bytes32 indexed name);
    event Deposited(bytes32 indexed name, address indexed from, uint256 amount);
    event Paid(bytes32 indexed name, address indexed to, uint256 amount);
    event Moved(bytes32 indexed from, bytes32 indexed to, uint256 amount);
    event Attributed(bytes32 indexed name, uint256 amount);

    error UnknownAccount(bytes32 name);
    error AlreadyOpen(bytes32 name);
    error Insufficient(bytes32 name, uint256 balance, uint256 amount);
    error NothingToDeposit();
    error NothingToAttribute();
    /// Zero and the chain's own addresses cannot spend what they are paid.
    error BadRecipient(address to);
    /// The payee would hold more wei than there can be.
    error PayeeFull(address to);
    error TooManyAccounts(uint256 max);

    /// Pays the value of the call into an account.
    function deposit(bytes32 name) external payable;

    // By decision of the members.

    function open(bytes32 name) external;
    /// Pays `amount` to `to`, running no code of `to`.
    function pay(bytes32 name, address to, uint256 amount) external;
    function move(bytes32 from, bytes32 to, uint256 amount) external;
    /// Books what reached the treasury's address without a call (block rewards, SELFDESTRUCT) to an account.
    function attribute(bytes32 name) external;

    // Reading.

    function balanceOf(bytes32 name) external view returns (uint256);
    function isOpen(bytes32 name) external view returns (bool);
    function accounts() external view returns (Account[] memory);
    /// Sum of all accounts.
    function total() external view returns (uint256);
    /// What lies at the treasury's address beyond the sum of all accounts.
    function unattributed() external view returns (uint256);
}
