using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Groups;
using Microsoft.Extensions.Logging;

namespace LogQueue.Server.Groups;

/// <summary>All groups by id: those at work, and those that only the store knows, which come to life when they are asked for.
/// Thread-safe.</summary>
internal sealed class GroupDirectory
{
    private readonly ConcurrentDictionary<string, GroupMailbox> _mailboxes = new(StringComparer.Ordinal);
    private readonly GroupOptions _options;
    private readonly IGroupStore _store;
    private readonly GroupTimers _timers;
    private readonly ILogger _log;
    private readonly Lock _opening = new();

    /// <summary>Over a store.</summary>
    public GroupDirectory(GroupOptions options, IGroupStore store, GroupTimers timers, ILogger log)
    {
        _options = options;
        _store = store;
        _timers = timers;
        _log = log;
    }

    /// <summary>Ids of all groups, sorted.</summary>
    public IReadOnlyList<string> Ids => [.. _mailboxes.Keys.Union(_store.Groups, StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The groups at work.</summary>
    public IEnumerable<GroupMailbox> Mailboxes => _mailboxes.Values;

    /// <summary>Brings the groups with stored members to life, so that their sessions run.</summary>
    public void Load()
    {
        foreach (string id in _store.Groups)
        {
            if (_store.TryGetGroup(id, out GroupSnapshot? stored) && stored.Members.Count > 0)
            {
                Open(id);
            }
        }
    }

    /// <summary>The group, if anything is known of it.</summary>
    public bool TryFind(string id, [NotNullWhen(true)] out GroupMailbox? mailbox)
    {
        if (_mailboxes.TryGetValue(id, out mailbox))
        {
            return true;
        }

        mailbox = _store.TryGetGroup(id, out _) || _store.OffsetsOf(id).Count > 0 ? Open(id) : null;
        return mailbox is not null;
    }

    /// <summary>The group; a new one if need be. False when there are as many as there may be.</summary>
    public bool TryFindOrCreate(string id, [NotNullWhen(true)] out GroupMailbox? mailbox)
    {
        if (TryFind(id, out mailbox))
        {
            return true;
        }

        if (_mailboxes.Count >= _options.MaxGroups)
        {
            GroupLog.TooManyGroups(_log, id, _mailboxes.Count);
            return false;
        }

        mailbox = Open(id);
        return true;
    }

    /// <summary>Forgets a group that is dead and deleted.</summary>
    public void Remove(GroupMailbox mailbox)
    {
        _mailboxes.TryRemove(KeyValuePair.Create(mailbox.Id, mailbox));
        mailbox.Dispose();
    }

    private GroupMailbox Open(string id)
    {
        lock (_opening)
        {
            if (_mailboxes.TryGetValue(id, out GroupMailbox? present))
            {
                return present;
            }

            var mailbox = new GroupMailbox(id, _options, _store, _timers, _log);
            if (_store.TryGetGroup(id, out GroupSnapshot? stored))
            {
                mailbox.Restore(stored);
            }

            _mailboxes[id] = mailbox;
            return mailbox;
        }
    }
}
