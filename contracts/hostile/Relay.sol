// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Reaches a target by every kind of call the EVM has. An institution must answer CALL and STATICCALL (reading only),
/// refuse DELEGATECALL and CALLCODE, and never write in a static frame.
contract Relay {
    receive() external payable {}

    function byCall(address target, uint256 value, bytes calldata data)
        external
        payable
        returns (bool success, bytes memory answer)
    {
        return target.call{value: value}(data);
    }

    function byCallWithGas(address target, uint256 gasLimit, bytes calldata data)
        external
        returns (bool success, bytes memory answer)
    {
        return target.call{gas: gasLimit}(data);
    }

    function byDelegateCall(address target, bytes calldata data) external returns (bool success, bytes memory answer) {
        return target.delegatecall(data);
    }

    function byStaticCall(address target, bytes calldata data)
        external
        view
        returns (bool success, bytes memory answer)
    {
        return target.staticcall(data);
    }

    function byCallCode(address target, uint256 value, bytes calldata input)
        external
        payable
        returns (bool success, bytes memory answer)
    {
        bytes memory data = input;
        assembly ("memory-safe") {
            success := callcode(gas(), target, value, add(data, 0x20), mload(data), 0, 0)
        }
        uint256 size;
        assembly ("memory-safe") {
            size := returndatasize()
        }
        answer = new bytes(size);
        assembly ("memory-safe") {
            returndatacopy(add(answer, 0x20), 0, size)
        }
    }

    /// A frame that looks static from inside: this function may write, its caller may not.
    function staticThenCall(address target, bytes calldata data)
        external
        view
        returns (bool success, bytes memory answer)
    {
        return address(this).staticcall(abi.encodeCall(this.byCall, (target, 0, data)));
    }
}
