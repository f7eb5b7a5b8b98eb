// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Probe} from "../src/Probe.sol";

interface Vm {
    function envAddress(string calldata name) external view returns (address);
    function envUint(string calldata name) external view returns (uint256);
    function prank(address who) external;
}

/// Runs on a fork of the network: forge's own EVM, the network's state.
contract Fork {
    bool public constant IS_TEST = true;
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function test_reads_the_network() external view {
        Probe probe = Probe(payable(vm.envAddress("PROBE")));
        require(block.chainid == vm.envUint("CHAIN"), "chain id");
        require(block.number > 1, "height");
        require(probe.value() == 6, "value");
        require(address(probe).balance == 3, "balance");
        require(probe.writes(probe.owner()) == 1, "writes");
    }

    function test_writes_to_the_fork_only() external {
        Probe probe = Probe(payable(vm.envAddress("PROBE")));
        vm.prank(address(7));
        require(probe.write(9, "in the fork") == 6, "before");
        require(probe.value() == 9 && probe.writes(address(7)) == 1, "after");
    }
}
