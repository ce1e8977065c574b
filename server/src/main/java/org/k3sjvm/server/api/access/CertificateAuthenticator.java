package org.k3sjvm.server.api.access;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.k3sjvm.http.Request;

/**
 * Users by client certificate: the common name is the user, organizations are the groups. The TLS
 * layer has checked the chain. Source: Kubernetes docs, "X509 client certificates".
 */
public final class CertificateAuthenticator implements Authenticator {
  @Override
  public Optional<User> authenticate(Request request) {
    return request.clientCertificate().flatMap(CertificateAuthenticator::user);
  }

  /** The user that a certificate names; empty when it has no common name. */
  public static Optional<User> user(X509Certificate certificate) {
    String name = "";
    List<String> groups = new ArrayList<>();
    try {
      LdapName subject = new LdapName(certificate.getSubjectX500Principal().getName());
      for (Rdn rdn : subject.getRdns()) {
        var attributes = rdn.toAttributes().getAll();
        while (attributes.hasMore()) {
          Attribute attribute = attributes.next();
          for (int i = 0; i < attribute.size(); i++) {
            if (attribute.getID().equalsIgnoreCase("CN")) {
              name = String.valueOf(attribute.get(i));
            } else if (attribute.getID().equalsIgnoreCase("O")) {
              groups.add(String.valueOf(attribute.get(i)));
            }
          }
        }
      }
    } catch (InvalidNameException e) {
      return Optional.empty();
    } catch (NamingException e) {
      return Optional.empty();
    }
    if (name.isEmpty()) {
      return Optional.empty();
    }
    groups.add(User.AUTHENTICATED);
    return Optional.of(User.of(name, groups));
  }
}
