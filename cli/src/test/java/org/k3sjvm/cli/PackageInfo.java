package org.k3sjvm.cli;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

/** The package of a class has a package-info that marks it as free of unmarked nulls. */
final class PackageInfo extends ArchCondition<JavaClass> {
  static final PackageInfo EXIST = new PackageInfo();

  private PackageInfo() {
    super("lie in a package with a package-info.java that is @NullMarked");
  }

  @Override
  public void check(JavaClass type, ConditionEvents events) {
    if (!type.getPackage().isAnnotatedWith("org.jspecify.annotations.NullMarked")) {
      events.add(
          SimpleConditionEvent.violated(
              type, type.getPackageName() + " has no package-info.java with @NullMarked"));
    }
  }
}
