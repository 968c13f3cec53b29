namespace LogQueue.Protocol;

/// <summary>What went wrong, as a number on the wire. Facts about each: <see cref="ErrorCodeFacts"/>.</summary>
public enum ErrorCode : short
{
    /// <summary>The broker failed in a way that has no code of its own.</summary>
    UnknownServerError = -1,
    /// <summary>No error.</summary>
    None = 0,
    /// <summary>The offset lies outside what the partition holds.</summary>
    OffsetOutOfRange = 1,
    /// <summary>A record batch failed its checksum, its size or another check of its shape.</summary>
    CorruptMessage = 2,
    /// <summary>The broker does not know the topic or the partition.</summary>
    UnknownTopicOrPartition = 3,
    /// <summary>The asked fetch size makes no sense.</summary>
    InvalidFetchSize = 4,
    /// <summary>The partition has no leader at this moment.</summary>
    LeaderNotAvailable = 5,
    /// <summary>The broker is neither leader nor, where that would do, follower of the partition.</summary>
    NotLeaderOrFollower = 6,
    /// <summary>The request was not done in its time; it may still take effect.</summary>
    RequestTimedOut = 7,
    /// <summary>The broker is not reachable.</summary>
    BrokerNotAvailable = 8,
    /// <summary>The replica cannot serve the partition now.</summary>
    ReplicaNotAvailable = 9,
    /// <summary>A batch is larger than the topic allows.</summary>
    MessageTooLarge = 10,
    /// <summary>The controller that asked has been replaced by a newer one.</summary>
    StaleControllerEpoch = 11,
    /// <summary>The text stored with an offset is longer than allowed.</summary>
    OffsetMetadataTooLarge = 12,
    /// <summary>The connection broke before an answer came.</summary>
    NetworkException = 13,
    /// <summary>The coordinator is still reading its state back; ask again soon.</summary>
    CoordinatorLoadInProgress = 14,
    /// <summary>No coordinator is ready for this group or transaction.</summary>
    CoordinatorNotAvailable = 15,
    /// <summary>Another broker is the coordinator.</summary>
    NotCoordinator = 16,
    /// <summary>The topic name is not allowed, or the topic is internal.</summary>
    InvalidTopicException = 17,
    /// <summary>The batches together are larger than a segment may be.</summary>
    RecordListTooLarge = 18,
    /// <summary>Fewer replicas are in sync than the topic demands.</summary>
    NotEnoughReplicas = 19,
    /// <summary>The batch was written, but to fewer replicas than the topic demands.</summary>
    NotEnoughReplicasAfterAppend = 20,
    /// <summary>The number of acknowledgements is none of -1, 0 and 1.</summary>
    InvalidRequiredAcks = 21,
    /// <summary>The member speaks for a generation that is over.</summary>
    IllegalGeneration = 22,
    /// <summary>The member's protocols do not fit those of the group.</summary>
    InconsistentGroupProtocol = 23,
    /// <summary>The group id is empty or not allowed.</summary>
    InvalidGroupId = 24,
    /// <summary>The group has no such member.</summary>
    UnknownMemberId = 25,
    /// <summary>The session timeout lies outside what the broker allows.</summary>
    InvalidSessionTimeout = 26,
    /// <summary>The group is rebalancing; the member has to join again.</summary>
    RebalanceInProgress = 27,
    /// <summary>The offsets of one commit are too many to store.</summary>
    InvalidCommitOffsetSize = 28,
    /// <summary>The client may not use this topic.</summary>
    TopicAuthorizationFailed = 29,
    /// <summary>The client may not use this group.</summary>
    GroupAuthorizationFailed = 30,
    /// <summary>The client may not do this to the cluster.</summary>
    ClusterAuthorizationFailed = 31,
    /// <summary>A record's timestamp lies too far from the broker's clock.</summary>
    InvalidTimestamp = 32,
    /// <summary>The broker does not offer this way to log in.</summary>
    UnsupportedSaslMechanism = 33,
    /// <summary>This request has no place in the present state of the login.</summary>
    IllegalSaslState = 34,
    /// <summary>The broker does not speak this version of the API.</summary>
    UnsupportedVersion = 35,
    /// <summary>The topic exists already.</summary>
    TopicAlreadyExists = 36,
    /// <summary>The number of partitions is not possible.</summary>
    InvalidPartitions = 37,
    /// <summary>The replication factor is not possible with these brokers.</summary>
    InvalidReplicationFactor = 38,
    /// <summary>The assignment of replicas to brokers is not possible.</summary>
    InvalidReplicaAssignment = 39,
    /// <summary>A configuration key or value is wrong.</summary>
    InvalidConfig = 40,
    /// <summary>The broker is not the active controller.</summary>
    NotController = 41,
    /// <summary>The request contradicts itself or lacks something.</summary>
    InvalidRequest = 42,
    /// <summary>The stored record format cannot do this.</summary>
    UnsupportedForMessageFormat = 43,
    /// <summary>A policy of the broker forbids it.</summary>
    PolicyViolation = 44,
    /// <summary>The producer's sequence numbers have a gap.</summary>
    OutOfOrderSequenceNumber = 45,
    /// <summary>The producer's sequence numbers were seen already.</summary>
    DuplicateSequenceNumber = 46,
    /// <summary>The producer's epoch is older than the one the broker knows.</summary>
    InvalidProducerEpoch = 47,
    /// <summary>The transaction is in no state for this request.</summary>
    InvalidTxnState = 48,
    /// <summary>The producer id does not belong to this transactional id.</summary>
    InvalidProducerIdMapping = 49,
    /// <summary>The transaction timeout is longer than the broker allows.</summary>
    InvalidTransactionTimeout = 50,
    /// <summary>An earlier step of the transaction is still under way.</summary>
    ConcurrentTransactions = 51,
    /// <summary>The coordinator that asked has been replaced by a newer one.</summary>
    TransactionCoordinatorFenced = 52,
    /// <summary>The client may not use this transactional id.</summary>
    TransactionalIdAuthorizationFailed = 53,
    /// <summary>The broker runs without access control.</summary>
    SecurityDisabled = 54,
    /// <summary>Not tried, because another part of the request failed.</summary>
    OperationNotAttempted = 55,
    /// <summary>The disk failed under the partition.</summary>
    KafkaStorageError = 56,
    /// <summary>The broker has no such log directory.</summary>
    LogDirNotFound = 57,
    /// <summary>The credentials are wrong.</summary>
    SaslAuthenticationFailed = 58,
    /// <summary>The broker remembers nothing of this producer.</summary>
    UnknownProducerId = 59,
    /// <summary>A reassignment of the partition is already under way.</summary>
    ReassignmentInProgress = 60,
    /// <summary>Delegation tokens are switched off.</summary>
    DelegationTokenAuthDisabled = 61,
    /// <summary>The delegation token is unknown.</summary>
    DelegationTokenNotFound = 62,
    /// <summary>The delegation token belongs to somebody else.</summary>
    DelegationTokenOwnerMismatch = 63,
    /// <summary>This connection may not ask for delegation tokens.</summary>
    DelegationTokenRequestNotAllowed = 64,
    /// <summary>The client may not use this delegation token.</summary>
    DelegationTokenAuthorizationFailed = 65,
    /// <summary>The delegation token is past its time.</summary>
    DelegationTokenExpired = 66,
    /// <summary>Principals of this type are not supported.</summary>
    InvalidPrincipalType = 67,
    /// <summary>The group still has members.</summary>
    NonEmptyGroup = 68,
    /// <summary>The broker has no such group.</summary>
    GroupIdNotFound = 69,
    /// <summary>The broker has no such fetch session.</summary>
    FetchSessionIdNotFound = 70,
    /// <summary>The fetch session is at another epoch.</summary>
    InvalidFetchSessionEpoch = 71,
    /// <summary>No listener of the leader matches the one the client came through.</summary>
    ListenerNotFound = 72,
    /// <summary>Topics may not be deleted here.</summary>
    TopicDeletionDisabled = 73,
    /// <summary>The client knows an older leader epoch than the broker.</summary>
    FencedLeaderEpoch = 74,
    /// <summary>The client knows a newer leader epoch than the broker.</summary>
    UnknownLeaderEpoch = 75,
    /// <summary>The client's version cannot read the compression of these records.</summary>
    UnsupportedCompressionType = 76,
    /// <summary>The broker that asked has registered anew since.</summary>
    StaleBrokerEpoch = 77,
    /// <summary>The leader is too new to know its high watermark.</summary>
    OffsetNotAvailable = 78,
    /// <summary>The member has to join again with the id that the answer gives it.</summary>
    MemberIdRequired = 79,
    /// <summary>The preferred leader is not available.</summary>
    PreferredLeaderNotAvailable = 80,
    /// <summary>The group has as many members as it may have.</summary>
    GroupMaxSizeReached = 81,
    /// <summary>Another member took over this instance id.</summary>
    FencedInstanceId = 82,
    /// <summary>No replica that may become leader is available.</summary>
    EligibleLeadersNotAvailable = 83,
    /// <summary>The partition has the right leader already.</summary>
    ElectionNotNeeded = 84,
    /// <summary>No reassignment of the partition is under way.</summary>
    NoReassignmentInProgress = 85,
    /// <summary>The group is subscribed to the topic.</summary>
    GroupSubscribedToTopic = 86,
    /// <summary>The broker refused a record for what it holds.</summary>
    InvalidRecord = 87,
    /// <summary>An offset is part of a transaction that has not ended yet.</summary>
    UnstableOffsetCommit = 88,
    /// <summary>A quota is used up; ask again later.</summary>
    ThrottlingQuotaExceeded = 89,
    /// <summary>A newer producer with the same transactional id took over.</summary>
    ProducerFenced = 90,
    /// <summary>What the request names does not exist.</summary>
    ResourceNotFound = 91,
    /// <summary>What the request names exists already, or is named twice.</summary>
    DuplicateResource = 92,
    /// <summary>The credential does not meet the rules.</summary>
    UnacceptableCredential = 93,
    /// <summary>The voters of the request are not the voters of the quorum.</summary>
    InconsistentVoterSet = 94,
    /// <summary>The update names a version that is not allowed.</summary>
    InvalidUpdateVersion = 95,
    /// <summary>The feature levels could not be changed.</summary>
    FeatureUpdateFailed = 96,
    /// <summary>The forwarded principal could not be read.</summary>
    PrincipalDeserializationFailure = 97,
    /// <summary>The broker has no such snapshot.</summary>
    SnapshotNotFound = 98,
    /// <summary>The position lies outside the snapshot.</summary>
    PositionOutOfRange = 99,
    /// <summary>The broker knows no topic with this id.</summary>
    UnknownTopicId = 100,
    /// <summary>A broker with this id is registered already.</summary>
    DuplicateBrokerRegistration = 101,
    /// <summary>No broker with this id is registered.</summary>
    BrokerIdNotRegistered = 102,
    /// <summary>The topic id of the log and of the request differ.</summary>
    InconsistentTopicId = 103,
    /// <summary>The request names another cluster.</summary>
    InconsistentClusterId = 104,
    /// <summary>The broker knows no such transactional id.</summary>
    TransactionalIdNotFound = 105,
    /// <summary>The fetch session mixes topics with and without ids.</summary>
    FetchSessionTopicIdError = 106,
    /// <summary>The replica may not join the in-sync set.</summary>
    IneligibleReplica = 107,
    /// <summary>The partition has a new leader since.</summary>
    NewLeaderElected = 108,
    /// <summary>The offset lies only in remote storage.</summary>
    OffsetMovedToTieredStorage = 109,
    /// <summary>The member's epoch is not the one the coordinator knows; it has to join anew.</summary>
    FencedMemberEpoch = 110,
    /// <summary>Another member still uses the instance id.</summary>
    UnreleasedInstanceId = 111,
    /// <summary>The broker has no such assignor.</summary>
    UnsupportedAssignor = 112,
    /// <summary>The member's epoch is old; it has to wait for its next heartbeat's answer.</summary>
    StaleMemberEpoch = 113,
    /// <summary>The request went to a broker but asked for controllers, or the other way round.</summary>
    MismatchedEndpointType = 114,
    /// <summary>The broker does not know this type of endpoint.</summary>
    UnsupportedEndpointType = 115,
    /// <summary>The controller id is unknown.</summary>
    UnknownControllerId = 116,
    /// <summary>The telemetry subscription is not the one the broker handed out.</summary>
    UnknownSubscriptionId = 117,
    /// <summary>The pushed telemetry is larger than allowed.</summary>
    TelemetryTooLarge = 118,
    /// <summary>The registration of the broker is not allowed.</summary>
    InvalidRegistration = 119,
    /// <summary>The transaction has to be aborted; then the producer can go on.</summary>
    TransactionAbortable = 120,
    /// <summary>The record is not in the state that this acknowledgement needs.</summary>
    InvalidRecordState = 121,
    /// <summary>The broker has no such share session.</summary>
    ShareSessionNotFound = 122,
    /// <summary>The share session is at another epoch.</summary>
    InvalidShareSessionEpoch = 123,
    /// <summary>A newer state epoch took over the share partition.</summary>
    FencedStateEpoch = 124,
    /// <summary>The voter's id and directory do not belong together.</summary>
    InvalidVoterKey = 125,
    /// <summary>The voter is part of the quorum already.</summary>
    DuplicateVoter = 126,
    /// <summary>The quorum has no such voter.</summary>
    VoterNotFound = 127,
    /// <summary>The regular expression is not valid.</summary>
    InvalidRegularExpression = 128,
    /// <summary>The client's view of the cluster is of no use any more; it has to start from its bootstrap servers.</summary>
    RebootstrapRequired = 129,
    /// <summary>The topology of the streams application is not possible.</summary>
    StreamsInvalidTopology = 130,
    /// <summary>The epoch of the streams topology is not possible.</summary>
    StreamsInvalidTopologyEpoch = 131,
    /// <summary>The member's streams topology was replaced by a newer one.</summary>
    StreamsTopologyFenced = 132,
    /// <summary>The broker has as many share sessions as it may have.</summary>
    ShareSessionLimitReached = 133,
    /// <summary>The group could not be deleted.</summary>
    GroupDeletionFailed = 134,
    /// <summary>The description of the streams topology could not be stored.</summary>
    StreamsTopologyDescriptionUpdateFailed = 135,
    /// <summary>No controller with this id is registered.</summary>
    ControllerIdNotRegistered = 136,
}
