namespace LogQueue.Protocol;

/// <summary>The numbers of the APIs that a Kafka 4.4 broker serves to clients.</summary>
public enum ApiKey : short
{
    /// <summary>ProduceRequest and ProduceResponse.</summary>
    Produce = 0,

    /// <summary>FetchRequest and FetchResponse.</summary>
    Fetch = 1,

    /// <summary>ListOffsetsRequest and ListOffsetsResponse.</summary>
    ListOffsets = 2,

    /// <summary>MetadataRequest and MetadataResponse.</summary>
    Metadata = 3,

    /// <summary>OffsetCommitRequest and OffsetCommitResponse.</summary>
    OffsetCommit = 8,

    /// <summary>OffsetFetchRequest and OffsetFetchResponse.</summary>
    OffsetFetch = 9,

    /// <summary>FindCoordinatorRequest and FindCoordinatorResponse.</summary>
    FindCoordinator = 10,

    /// <summary>JoinGroupRequest and JoinGroupResponse.</summary>
    JoinGroup = 11,

    /// <summary>HeartbeatRequest and HeartbeatResponse.</summary>
    Heartbeat = 12,

    /// <summary>LeaveGroupRequest and LeaveGroupResponse.</summary>
    LeaveGroup = 13,

    /// <summary>SyncGroupRequest and SyncGroupResponse.</summary>
    SyncGroup = 14,

    /// <summary>DescribeGroupsRequest and DescribeGroupsResponse.</summary>
    DescribeGroups = 15,

    /// <summary>ListGroupsRequest and ListGroupsResponse.</summary>
    ListGroups = 16,

    /// <summary>SaslHandshakeRequest and SaslHandshakeResponse.</summary>
    SaslHandshake = 17,

    /// <summary>ApiVersionsRequest and ApiVersionsResponse.</summary>
    ApiVersions = 18,

    /// <summary>CreateTopicsRequest and CreateTopicsResponse.</summary>
    CreateTopics = 19,

    /// <summary>DeleteTopicsRequest and DeleteTopicsResponse.</summary>
    DeleteTopics = 20,

    /// <summary>DeleteRecordsRequest and DeleteRecordsResponse.</summary>
    DeleteRecords = 21,

    /// <summary>InitProducerIdRequest and InitProducerIdResponse.</summary>
    InitProducerId = 22,

    /// <summary>OffsetForLeaderEpochRequest and OffsetForLeaderEpochResponse.</summary>
    OffsetForLeaderEpoch = 23,

    /// <summary>AddPartitionsToTxnRequest and AddPartitionsToTxnResponse.</summary>
    AddPartitionsToTxn = 24,

    /// <summary>AddOffsetsToTxnRequest and AddOffsetsToTxnResponse.</summary>
    AddOffsetsToTxn = 25,

    /// <summary>EndTxnRequest and EndTxnResponse.</summary>
    EndTxn = 26,

    /// <summary>WriteTxnMarkersRequest and WriteTxnMarkersResponse.</summary>
    WriteTxnMarkers = 27,

    /// <summary>TxnOffsetCommitRequest and TxnOffsetCommitResponse.</summary>
    TxnOffsetCommit = 28,

    /// <summary>DescribeAclsRequest and DescribeAclsResponse.</summary>
    DescribeAcls = 29,

    /// <summary>CreateAclsRequest and CreateAclsResponse.</summary>
    CreateAcls = 30,

    /// <summary>DeleteAclsRequest and DeleteAclsResponse.</summary>
    DeleteAcls = 31,

    /// <summary>DescribeConfigsRequest and DescribeConfigsResponse.</summary>
    DescribeConfigs = 32,

    /// <summary>AlterConfigsRequest and AlterConfigsResponse.</summary>
    AlterConfigs = 33,

    /// <summary>AlterReplicaLogDirsRequest and AlterReplicaLogDirsResponse.</summary>
    AlterReplicaLogDirs = 34,

    /// <summary>DescribeLogDirsRequest and DescribeLogDirsResponse.</summary>
    DescribeLogDirs = 35,

    /// <summary>SaslAuthenticateRequest and SaslAuthenticateResponse.</summary>
    SaslAuthenticate = 36,

    /// <summary>CreatePartitionsRequest and CreatePartitionsResponse.</summary>
    CreatePartitions = 37,

    /// <summary>CreateDelegationTokenRequest and CreateDelegationTokenResponse.</summary>
    CreateDelegationToken = 38,

    /// <summary>RenewDelegationTokenRequest and RenewDelegationTokenResponse.</summary>
    RenewDelegationToken = 39,

    /// <summary>ExpireDelegationTokenRequest and ExpireDelegationTokenResponse.</summary>
    ExpireDelegationToken = 40,

    /// <summary>DescribeDelegationTokenRequest and DescribeDelegationTokenResponse.</summary>
    DescribeDelegationToken = 41,

    /// <summary>DeleteGroupsRequest and DeleteGroupsResponse.</summary>
    DeleteGroups = 42,

    /// <summary>ElectLeadersRequest and ElectLeadersResponse.</summary>
    ElectLeaders = 43,

    /// <summary>IncrementalAlterConfigsRequest and IncrementalAlterConfigsResponse.</summary>
    IncrementalAlterConfigs = 44,

    /// <summary>AlterPartitionReassignmentsRequest and AlterPartitionReassignmentsResponse.</summary>
    AlterPartitionReassignments = 45,

    /// <summary>ListPartitionReassignmentsRequest and ListPartitionReassignmentsResponse.</summary>
    ListPartitionReassignments = 46,

    /// <summary>OffsetDeleteRequest and OffsetDeleteResponse.</summary>
    OffsetDelete = 47,

    /// <summary>DescribeClientQuotasRequest and DescribeClientQuotasResponse.</summary>
    DescribeClientQuotas = 48,

    /// <summary>AlterClientQuotasRequest and AlterClientQuotasResponse.</summary>
    AlterClientQuotas = 49,

    /// <summary>DescribeUserScramCredentialsRequest and DescribeUserScramCredentialsResponse.</summary>
    DescribeUserScramCredentials = 50,

    /// <summary>AlterUserScramCredentialsRequest and AlterUserScramCredentialsResponse.</summary>
    AlterUserScramCredentials = 51,

    /// <summary>DescribeQuorumRequest and DescribeQuorumResponse.</summary>
    DescribeQuorum = 55,

    /// <summary>UpdateFeaturesRequest and UpdateFeaturesResponse.</summary>
    UpdateFeatures = 57,

    /// <summary>DescribeClusterRequest and DescribeClusterResponse.</summary>
    DescribeCluster = 60,

    /// <summary>DescribeProducersRequest and DescribeProducersResponse.</summary>
    DescribeProducers = 61,

    /// <summary>UnregisterBrokerRequest and UnregisterBrokerResponse.</summary>
    UnregisterBroker = 64,

    /// <summary>DescribeTransactionsRequest and DescribeTransactionsResponse.</summary>
    DescribeTransactions = 65,

    /// <summary>ListTransactionsRequest and ListTransactionsResponse.</summary>
    ListTransactions = 66,

    /// <summary>ConsumerGroupHeartbeatRequest and ConsumerGroupHeartbeatResponse.</summary>
    ConsumerGroupHeartbeat = 68,

    /// <summary>ConsumerGroupDescribeRequest and ConsumerGroupDescribeResponse.</summary>
    ConsumerGroupDescribe = 69,

    /// <summary>GetTelemetrySubscriptionsRequest and GetTelemetrySubscriptionsResponse.</summary>
    GetTelemetrySubscriptions = 71,

    /// <summary>PushTelemetryRequest and PushTelemetryResponse.</summary>
    PushTelemetry = 72,

    /// <summary>ListConfigResourcesRequest and ListConfigResourcesResponse.</summary>
    ListConfigResources = 74,

    /// <summary>DescribeTopicPartitionsRequest and DescribeTopicPartitionsResponse.</summary>
    DescribeTopicPartitions = 75,

    /// <summary>ShareGroupHeartbeatRequest and ShareGroupHeartbeatResponse.</summary>
    ShareGroupHeartbeat = 76,

    /// <summary>ShareGroupDescribeRequest and ShareGroupDescribeResponse.</summary>
    ShareGroupDescribe = 77,

    /// <summary>ShareFetchRequest and ShareFetchResponse.</summary>
    ShareFetch = 78,

    /// <summary>ShareAcknowledgeRequest and ShareAcknowledgeResponse.</summary>
    ShareAcknowledge = 79,

    /// <summary>AddRaftVoterRequest and AddRaftVoterResponse.</summary>
    AddRaftVoter = 80,

    /// <summary>RemoveRaftVoterRequest and RemoveRaftVoterResponse.</summary>
    RemoveRaftVoter = 81,

    /// <summary>InitializeShareGroupStateRequest and InitializeShareGroupStateResponse.</summary>
    InitializeShareGroupState = 83,

    /// <summary>ReadShareGroupStateRequest and ReadShareGroupStateResponse.</summary>
    ReadShareGroupState = 84,

    /// <summary>WriteShareGroupStateRequest and WriteShareGroupStateResponse.</summary>
    WriteShareGroupState = 85,

    /// <summary>DeleteShareGroupStateRequest and DeleteShareGroupStateResponse.</summary>
    DeleteShareGroupState = 86,

    /// <summary>ReadShareGroupStateSummaryRequest and ReadShareGroupStateSummaryResponse.</summary>
    ReadShareGroupStateSummary = 87,

    /// <summary>StreamsGroupHeartbeatRequest and StreamsGroupHeartbeatResponse.</summary>
    StreamsGroupHeartbeat = 88,

    /// <summary>StreamsGroupDescribeRequest and StreamsGroupDescribeResponse.</summary>
    StreamsGroupDescribe = 89,

    /// <summary>DescribeShareGroupOffsetsRequest and DescribeShareGroupOffsetsResponse.</summary>
    DescribeShareGroupOffsets = 90,

    /// <summary>AlterShareGroupOffsetsRequest and AlterShareGroupOffsetsResponse.</summary>
    AlterShareGroupOffsets = 91,

    /// <summary>DeleteShareGroupOffsetsRequest and DeleteShareGroupOffsetsResponse.</summary>
    DeleteShareGroupOffsets = 92,

    /// <summary>StreamsGroupTopologyDescriptionUpdateRequest and StreamsGroupTopologyDescriptionUpdateResponse.</summary>
    StreamsGroupTopologyDescriptionUpdate = 93,

    /// <summary>UnregisterControllerRequest and UnregisterControllerResponse.</summary>
    UnregisterController = 94,
}
