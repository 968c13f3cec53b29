using System.Buffers.Binary;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Server.Requests;

/// <summary>
/// An encoded response: size prefix, header and body in one pooled buffer, and the record slices that belong between its bytes.
/// Disposing returns the buffer and ends the leases. One owner at a time.
/// </summary>
internal sealed class ResponseFrame : IDisposable
{
    private const int SizePrefixBytes = 4;

    private readonly PooledBufferWriter _output;
    private readonly List<RecordSplice> _splices;

    private ResponseFrame(PooledBufferWriter output, List<RecordSplice> splices)
    {
        _output = output;
        _splices = splices;
    }

    /// <summary>Everything but the slices, beginning with the size prefix.</summary>
    public ReadOnlyMemory<byte> Bytes => _output.WrittenMemory;

    /// <summary>Slices and where they belong, ascending.</summary>
    public IReadOnlyList<RecordSplice> Splices => _splices;

    /// <summary>Bytes on the wire, slices included.</summary>
    public long TotalBytes { get; private init; }

    /// <summary>Encodes a response.</summary>
    /// <exception cref="WireFormatException">A field has a value that the version cannot carry: an error of the handler.</exception>
    public static ResponseFrame Create<TResponse>(TResponse response, short apiVersion, int correlationId)
        where TResponse : IResponseMessage<TResponse>
    {
        var output = new PooledBufferWriter(512);
        var splices = new List<RecordSplice>();
        try
        {
            var writer = new WireWriter(output, splices);
            writer.WriteInt32(0);
            new ResponseHeader { CorrelationId = correlationId }.Write(ref writer, HeaderVersions.Response<TResponse>(apiVersion));
            response.Write(ref writer, apiVersion);
            long total = output.WrittenCount;
            foreach (RecordSplice splice in splices)
            {
                total += splice.Slice.LengthBytes;
            }

            BinaryPrimitives.WriteInt32BigEndian(output.WrittenSpanMutable, checked((int)(total - SizePrefixBytes)));
            return new ResponseFrame(output, splices) { TotalBytes = total };
        }
        catch
        {
            Release(output, splices);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Release(_output, _splices);

    private static void Release(PooledBufferWriter output, List<RecordSplice> splices)
    {
        output.Dispose();
        foreach (RecordSplice splice in splices)
        {
            splice.Slice.Dispose();
        }

        splices.Clear();
    }
}
