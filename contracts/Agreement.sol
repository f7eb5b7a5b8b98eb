// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAssembly} from "polity/assembly/IAssembly.sol";

/// The agreement as an actor: the account through which enacted decisions call.
///
/// It lives at 0x0000000000000000000000000000000000001000 from the first block. A contract that wants to obey the
/// members' decisions takes this address as its owner; an institution that finds it as its caller knows that the
/// members decided so. It keeps no storage, has no owner and cannot be upgraded.
///
/// The rule it keeps: all calls of a proposal are made, in order, or none has any effect.
contract Agreement {
    /// Sender of system transactions. It has no key, so nobody else can be this caller in a transaction.
    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    IAssembly private constant ASSEMBLY = IAssembly(0x0000000000000000000000000000000000001002);
    /// EXTCODEHASH of an account that exists and has no code. Source: EIP-1052.
    bytes32 private constant NO_CODE = 0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470;
    /// Most bytes of a failed call's answer that are kept, so that a callee cannot spend the gas of the report.
    uint256 private constant RETURN_DATA_BYTES_MAX = 768;

    error OnlySystem();
    /// Call `index` reverted with `returndata` (cut at 768 bytes; empty if it ran out of gas).
    error CallFailed(uint256 index, bytes returndata);
    /// The code of the account that call `index` goes to is not what the members saw when the proposal opened.
    error TargetChanged(uint256 index, address target);
    /// Call `index` sends `value`, but the agreement holds only `balance`.
    error InsufficientBalance(uint256 index, uint256 value, uint256 balance);

    /// Takes currency from anyone; it leaves by decision only.
    receive() external payable {}

    /// Makes the calls of adopted proposal `id`. Called by the chain itself when the delay has passed.
    function enact(uint256 id, IAssembly.Call[] calldata calls) external {
        if (msg.sender != SYSTEM) revert OnlySystem();
        bytes32[] memory frozen = ASSEMBLY.codeHashesOf(id);
        for (uint256 i = 0; i < calls.length; i++) {
            make(i, calls[i], frozen[i]);
        }
        ASSEMBLY.markEnacted(id);
    }

    function make(uint256 index, IAssembly.Call calldata call_, bytes32 frozen) private {
        address target = call_.target;
        bytes32 code = target.codehash;
        if (code == 0) code = NO_CODE;
        if (code != frozen) revert TargetChanged(index, target);

        uint256 value = call_.value;
        if (value > address(this).balance) revert InsufficientBalance(index, value, address(this).balance);

        bytes memory data = call_.data;
        bool success;
        assembly ("memory-safe") {
            success := call(gas(), target, value, add(data, 0x20), mload(data), 0, 0)
        }
        if (!success) revert CallFailed(index, answer());
    }

    /// What the last callee returned, up to `RETURN_DATA_BYTES_MAX`.
    function answer() private pure returns (bytes memory data) {
        uint256 size;
        assembly ("memory-safe") {
            size := returndatasize()
        }
        if (size > RETURN_DATA_BYTES_MAX) size = RETURN_DATA_BYTES_MAX;
        data = new bytes(size);
        assembly ("memory-safe") {
            returndatacopy(add(data, 0x20), 0, size)
        }
    }
}
