// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// What every institution answers when a call is refused before it reaches a function.
interface IInstitution {
    /// No function of this institution has this selector.
    error UnknownFunction(bytes4 selector);
    /// The call data is too short, too long, or not in canonical ABI encoding.
    error MalformedCalldata();
    /// DELEGATECALL and CALLCODE are refused: an institution acts on its own account only.
    error NotDirect();
    /// The function writes and the frame is static.
    error StaticFrame();
    /// The function takes no value.
    error NotPayable(uint256 value);
    /// Only a decision of the members may do this: the caller must be the agreement's account.
    error NotByDecision(address caller);
    /// Only the chain itself may do this, in a system transaction.
    error NotBySystem(address caller);
    /// A name is 1 to 31 characters of A-Z a-z 0-9 . _ - then zero bytes.
    error BadName(bytes32 name);
}
