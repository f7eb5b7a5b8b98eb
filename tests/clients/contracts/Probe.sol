// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// What the client tests deploy and use: state, events, every way to revert, the block as a contract sees it.
contract Probe {
    event Written(address indexed by, uint256 indexed value, string note);
    event Received(address indexed from, uint256 amount);

    error TooBig(uint256 value, uint256 max);

    enum How { Require, Custom, Panic, Silent }

    uint256 public constant MAX = 1_000_000;

    uint256 public value;
    mapping(address => uint256) public writes;
    address public immutable owner = msg.sender;

    constructor(uint256 first) payable {
        value = first;
    }

    receive() external payable {
        emit Received(msg.sender, msg.value);
    }

    function write(uint256 next, string calldata note) external returns (uint256 before) {
        if (next > MAX) revert TooBig(next, MAX);
        before = value;
        value = next;
        writes[msg.sender] += 1;
        emit Written(msg.sender, next, note);
    }

    function fail(How how) external view returns (uint256) {
        require(how != How.Require, "as asked");
        if (how == How.Custom) revert TooBig(7, 3);
        if (how == How.Panic) return value / (block.number - block.number);
        assembly {
            revert(0, 0)
        }
    }

    /// Uses gas by writing `slots` fresh words, so that an estimate has something to get wrong.
    function fill(uint256 from, uint256 slots) external {
        for (uint256 i = from; i < from + slots; i++) {
            writes[address(uint160(uint256(keccak256(abi.encode(i)))))] = i + 1;
        }
    }

    function environment()
        external
        view
        returns (uint256 number, uint256 timestamp, uint256 chain, uint256 gasLimit, uint256 baseFee, address coinbase)
    {
        return (block.number, block.timestamp, block.chainid, block.gaslimit, block.basefee, block.coinbase);
    }
}

/// What an ordinary account becomes by EIP-7702: it makes several calls in one transaction.
contract Batch {
    struct Call { address to; uint256 value; bytes data; }

    event Done(address indexed account, uint256 calls);

    error NotYours(address caller);

    function run(Call[] calldata calls) external payable {
        if (msg.sender != address(this)) revert NotYours(msg.sender);
        for (uint256 i = 0; i < calls.length; i++) {
            (bool ok, bytes memory output) = calls[i].to.call{value: calls[i].value}(calls[i].data);
            if (!ok) {
                assembly {
                    revert(add(output, 32), mload(output))
                }
            }
        }
        emit Done(address(this), calls.length);
    }

    receive() external payable {}
}
