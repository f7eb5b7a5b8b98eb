// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAssembly} from "polity/assembly/IAssembly.sol";

/// Pretends. None of its functions may have an effect on the assembly, whoever the agent is.
contract Pretender {
    IAssembly private constant ASSEMBLY = IAssembly(0x0000000000000000000000000000000000001002);

    function pretendEnacted(uint256 id) external {
        ASSEMBLY.markEnacted(id);
    }

    function pretendFailed(uint256 id) external {
        ASSEMBLY.markFailed(id, "");
    }

    function pretendConcluded(uint256 id) external {
        ASSEMBLY.conclude(id);
    }

    function pretendInForce(bytes32 treaty) external {
        ASSEMBLY.enterIntoForce(treaty);
    }
}
