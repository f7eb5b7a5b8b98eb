// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Reverts, with a reason.
contract Refuser {
    error Refused(address caller, uint256 value);

    fallback() external payable {
        revert Refused(msg.sender, msg.value);
    }
}

/// Uses all the gas it is given, whatever it is asked.
contract GasBurner {
    fallback() external payable {
        while (true) {}
    }
}

/// Executes INVALID, which also takes all gas.
contract Invalid {
    fallback() external payable {
        assembly {
            invalid()
        }
    }
}

/// Answers with a megabyte: `good` by returning it, otherwise by reverting with it. A caller that copies the answer
/// pays for the memory.
contract ReturnBomb {
    bool public immutable good;

    constructor(bool good_) {
        good = good_;
    }

    fallback() external payable {
        bool good_ = good;
        assembly {
            if good_ { return(0, 1000000) }
            revert(0, 1000000)
        }
    }
}

/// Sends what it holds to `heir` by SELFDESTRUCT. Since EIP-6780 its code stays unless it was created in the same
/// transaction; the heir cannot refuse the value, so an institution must not count on seeing every payment.
contract SelfDestructing {
    constructor() payable {}

    function end(address payable heir) external payable {
        selfdestruct(heir);
    }
}

/// Forces value onto an account in one transaction: creates, funds and destroys.
contract Forcer {
    function force(address payable heir) external payable {
        new SelfDestructing{value: msg.value}().end(heir);
    }
}
