package org.k3sjvm.server.store;

/**
 * An object at a revision.
 *
 * @param key its place, such as {@code core/pods/default/web}
 * @param revision the revision that wrote it
 * @param value its bytes; not copied, so not to be changed
 */
public record StoredObject(
    String key, long revision, @SuppressWarnings("ArrayRecordComponent") byte[] value) {}
