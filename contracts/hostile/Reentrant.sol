// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Calls back into whoever pays or calls it. Arm it with what to call, and how often.
contract Reentrant {
    address public target;
    bytes public data;
    uint256 public left;
    uint256 public entered;
    uint256 public refused;

    function arm(address target_, bytes calldata data_, uint256 times) external {
        (target, data, left) = (target_, data_, times);
    }

    function strike() public payable returns (bool success, bytes memory answer) {
        entered += 1;
        (success, answer) = target.call(data);
        if (!success) refused += 1;
    }

    receive() external payable {
        again();
    }

    fallback() external payable {
        again();
    }

    function again() private {
        if (left == 0) return;
        left -= 1;
        strike();
    }
}
