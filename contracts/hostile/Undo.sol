// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Calls a target and takes it back: what the target did must leave no trace.
contract Undo {
    error Undone();

    bool public lastSuccess;

    /// The whole transaction reverts.
    function callThenRevert(address target, bytes calldata data) external {
        (bool success,) = target.call(data);
        require(success, "the call itself failed");
        revert Undone();
    }

    /// Only the inner frame reverts; the transaction succeeds.
    function callThenUndo(address target, bytes calldata data) external {
        (lastSuccess,) = address(this).call(abi.encodeCall(this.callThenRevert, (target, data)));
    }

    /// Does it twice: undone first, then for good. The second must see the state as if the first never was.
    function undoThenCall(address target, bytes calldata data) external returns (bool success, bytes memory answer) {
        try this.callThenRevert(target, data) {} catch {}
        return target.call(data);
    }
}
