// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// A contract that obeys the members: only the agreement may write. Shows that "by decision" is an ordinary owner.
contract Ledgerbook {
    address private constant AGREEMENT = 0x0000000000000000000000000000000000001000;

    error NotByDecision(address caller);

    event Entered(uint256 indexed number, string text);

    string[] private entries;

    function enter(string calldata text) external payable returns (uint256 number) {
        if (msg.sender != AGREEMENT) revert NotByDecision(msg.sender);
        number = entries.length;
        entries.push(text);
        emit Entered(number, text);
    }

    function entry(uint256 number) external view returns (string memory) {
        return entries[number];
    }

    function count() external view returns (uint256) {
        return entries.length;
    }
}
