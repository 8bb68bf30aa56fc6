DROP FUNCTION unfinished, take, release, lease, resend, flush, fence, hand_over, deliver, speaker, shard_of;
DROP TABLE projection, shard, outbox, result, arrival, inbox, stub, session, setting;
